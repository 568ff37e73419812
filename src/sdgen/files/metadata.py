"""What a folder of files is told of besides its rows: the seed, counts and hashes of the run that wrote it.

    out/_sdgen.json

Only `generated_at` is of the clock: what is compared and hashed is the rest. With SOURCE_DATE_EPOCH set (seconds
since 1970, reproducible-builds.org) the same run writes the same bytes. Other programs that read whole folders pass
over names that begin with an underscore.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from sdgen.scenario.output import METADATA
from sdgen.targets.base import Mode, Table
from sdgen.targets.file_checkpoint import TableProgress

_DIGESTS = 1 << 128  # a table's digest is the sum of its blocks' within so many bits
_TOLD = ("sdgen", "scenario", "version", "seed", "as_of")


def metadata(
    manifest: Mapping[str, Any], tables: Mapping[Table, Sequence[str]], done: Mapping[str, TableProgress]
) -> dict[str, Any]:
    """What is told of a run: by its manifest, its tables with their files, and how they ended.

    hash: of all that decides the values. mode: append_only, where the files held other rows before.
    """
    entries = {
        table.name: _table(table, names, done.get(table.name, TableProgress())) for table, names in tables.items()
    }
    return {
        **{key: manifest[key] for key in _TOLD if manifest.get(key) not in (None, "")},
        **({"mode": manifest["mode"]} if manifest.get("mode") == Mode.APPEND_ONLY else {}),
        "generated_at": _now().isoformat(),
        "hash": manifest.get("plan", ""),
        "formats": list(manifest.get("formats", ())),
        **({"partition_by": manifest["partition_by"]} if manifest.get("partition_by") else {}),
        "total_rows": sum(each["rows"] for each in entries.values()),
        "tables": entries,
    }


def _now() -> datetime:
    """The moment at which the files are done, in whole seconds."""
    fixed = os.environ.get("SOURCE_DATE_EPOCH", "")
    return datetime.fromtimestamp(int(fixed), UTC) if fixed.isdecimal() else datetime.now(UTC).replace(microsecond=0)


def _table(table: Table, files: Sequence[str], done: TableProgress) -> dict[str, Any]:
    return {"rows": table.rows, "digest": f"{done.digest % _DIGESTS:032x}", "files": list(files)}


def merged(folder: Path, new: dict[str, Any]) -> dict[str, Any]:
    """The metadata with the tables that the folder's tells of, where a part of the same run wrote them."""
    return merged_with(read_metadata(folder), new)


def merged_with(before: Mapping[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """The metadata with the tables that those of before tell of, where a part of the same run wrote them."""
    tables = before.get("tables")
    if before.get("hash") != new["hash"] or not isinstance(tables, dict):
        return new
    kept = {name: each for name, each in tables.items() if isinstance(each, dict) and isinstance(each.get("rows"), int)}
    together = {**kept, **new["tables"]}
    # Runs of the same plan may write its tables one after the other: the file tells of all of them.
    return {**new, "total_rows": sum(each["rows"] for each in together.values()), "tables": together}


def read_metadata(folder: Path) -> dict[str, Any]:
    """What a folder is told of; nothing where there is no such file, or it can't be read."""
    try:
        return parsed((folder / METADATA).read_bytes())
    except OSError:
        return {}


def parsed(text: bytes) -> dict[str, Any]:
    """The metadata of a file's bytes; nothing where they are none."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def listed_files(told: Mapping[str, Any], table: str) -> list[str]:
    """The files that metadata tells of a table, none of them outside of the folder."""
    tables = told.get("tables")
    entry = tables.get(table) if isinstance(tables, dict) else None
    files = entry.get("files") if isinstance(entry, dict) else None
    paths = [PurePosixPath(name) for name in files if isinstance(name, str)] if isinstance(files, list) else []
    return [str(path) for path in paths if not path.is_absolute() and ".." not in path.parts]


def write_metadata(folder: Path, told: Mapping[str, Any]) -> None:
    """Put the metadata into a folder."""
    (folder / METADATA).write_bytes(written(told))


def written(told: Mapping[str, Any]) -> bytes:
    """The metadata as a file's bytes."""
    return (json.dumps(told, indent=2, ensure_ascii=False) + "\n").encode()
