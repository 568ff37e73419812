"""`python -m sdgen.runs.work RUN_ID --runs-db DB [--limit N]`: one stored run, in a process of its own.

Exit codes: 0 success, 1 failed, 3 not this process's to do, 4 too many are running, 130 cancelled, 128 + n by signal n.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from sdgen.errors import SdgenError
from sdgen.execution.interruption import Interruption
from sdgen.runs.journal import Journal
from sdgen.runs.perform import perform
from sdgen.runs.processes import Owner, this_process
from sdgen.runs.records import Run, Status
from sdgen.runs.store import Store

NOT_MINE, FULL, CANCELLED = 3, 4, 130
_CODES = {Status.SUCCESS: 0, Status.FAILED: 1, Status.CANCELLED: CANCELLED}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m sdgen.runs.work", description="Do one stored run.")
    parser.add_argument("run_id")
    parser.add_argument("--runs-db", default="")
    parser.add_argument("--limit", type=int, default=None, help="do nothing where so many runs are running")
    asked = parser.parse_args(arguments)
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    try:
        return work(Store(asked.runs_db), asked.run_id, asked.limit)
    except SdgenError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return NOT_MINE


def work(store: Store, run_id: str, limit: int | None = None) -> int:
    """Claim a run and do it; the exit code that tells how it ended."""
    journal, owner = Journal(store), this_process()
    with Interruption() as interruption:
        claimed = journal.claim(run_id, owner, limit)
        if claimed is not Status.RUNNING:
            return FULL if claimed is None else NOT_MINE
        run = interruption.run(lambda: _performed(journal, run_id, owner, interruption))
    return 128 + interruption.number if run.status is Status.CANCELLED and interruption.number else _CODES[run.status]


def _performed(journal: Journal, run_id: str, owner: Owner, interruption: Interruption) -> Run:
    return perform(journal, run_id, owner, cancel=interruption.event)


if __name__ == "__main__":
    sys.exit(main())
