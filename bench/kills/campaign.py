"""Runs started over HTTP, one at a time for each place, and judged by what they leave there."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from random import Random
from typing import Any

import httpx

from bench.kills.places import Held, Place, scenario, whole

OVER = ("success", "failed", "cancelled")
KILLED = "the run was lost: "
EITHER = "about to commit"


class Campaign:
    """What was asked, what is going on, and what each place may hold: batches, 0 for what it held before any."""

    def __init__(self, url: str, places: Sequence[Place], seed: int) -> None:
        self.client = httpx.Client(base_url=f"{url}/api/v1", timeout=60)
        self.places = places
        self.random = Random(seed + 1)
        self.rows: dict[int, int] = {}  # by batch
        self.holds: dict[str, int] = {place.name: 0 for place in places}
        self.runs: dict[str, int] = {}  # batch by run
        self.current: dict[str, str] = {}
        self.unsure: dict[str, int] = {}  # batches whose POST had no answer, by place
        self.ends: Counter[str] = Counter()
        self.committed = 0  # killed runs whose rows are all there
        self.again = ""  # a run that reproduces another, in a temporary place
        self.wrong: list[str] = []

    def turn(self, more: bool) -> bool:
        """Look after each place once; whether anything is going on."""
        for place in self.places:
            try:
                self._tend(place, more)
            except httpx.TransportError:
                time.sleep(0.1)
        with suppress(httpx.TransportError):
            self._reproduce(more)
        return bool(self.current or self.unsure or self.again)

    def _reproduce(self, more: bool) -> None:
        """Do the newest successful run again; its temporary place is gone afterwards, whatever happens to it."""
        if self.again:
            run = self.client.get(f"/runs/{self.again}").json()
            if run["status"] in OVER:
                self.again = ""
                self.ends[f"{_ending(run)} (again)"] += 1
            return
        done = self.client.get("/runs", params={"status": "success", "limit": 1}).json()["runs"] if more else ()
        if done and not done[0]["reproduces"]:
            answer = self.client.post(f"/runs/{done[0]['id']}/reproduce")
            self.again = answer.json()["id"] if answer.status_code == 202 else ""

    def _tend(self, place: Place, more: bool) -> None:
        if place.name in self.unsure:
            self._reconcile(place)
        run_id = self.current.get(place.name)
        if run_id is not None:
            answer = self.client.get(f"/runs/{run_id}")
            if answer.status_code != 200:
                self.wrong.append(f"{run_id} is lost: {answer.status_code} {answer.text}")
                del self.current[place.name]
            elif answer.json()["status"] not in OVER:
                return
            else:
                del self.current[place.name]
                self._judge(place, answer.json())
        if more:
            self._start(place)

    def _start(self, place: Place) -> None:
        batch = len(self.rows) + 1
        self.rows[batch] = int(place.rows * self.random.uniform(0.3, 1.5)) // 4 * 4
        self.unsure[place.name] = batch
        asked = {"scenario": scenario(batch, self.rows[batch]), "target_id": place.name}
        answer = self.client.post("/runs", json=asked)
        if answer.status_code == 202:
            self._begun(place, answer.json()["id"], batch)
        else:
            del self.unsure[place.name]
            self.wrong.append(f"POST for {place.name}: {answer.status_code} {answer.text[:300]}")
            time.sleep(0.5)

    def _begun(self, place: Place, run_id: str, batch: int) -> None:
        self.runs[run_id] = batch
        self.current[place.name] = run_id
        self.unsure.pop(place.name, None)

    def _reconcile(self, place: Place) -> None:
        """The server was killed before it answered: was the run stored?"""
        batch = self.unsure[place.name]
        newest = self.client.get("/runs", params={"target": place.name, "limit": 1}).json()["runs"]
        if newest and newest[0]["seed"] == batch:
            self._begun(place, newest[0]["id"], batch)
        else:
            del self.unsure[place.name]

    def _judge(self, place: Place, run: dict[str, Any]) -> None:
        batch, before = run["seed"], self.holds[place.name]
        self.ends[_ending(run)] += 1
        may = {batch} if run["status"] == "success" else {before, batch} if EITHER in run["error"] else {before}
        try:
            held = place.held()
        except Exception as error:
            self.wrong.append(f"{place.name} can't be read after {run['id']}: {type(error).__name__}: {error}")
            return
        now = next((each for each in may if held == self._whole(each)), None)
        if now is None:
            said = f"{run['status']} ({run['error'][:120]})"
            self.wrong.append(f"{place.name} is half-written after {run['id']}, {said}: {held}; may be {sorted(may)}")
            return
        self.holds[place.name] = now
        self.committed += run["status"] == "failed" and now == batch
        if run["status"] != "success" and not run["error"]:
            self.wrong.append(f"{run['id']} is {run['status']} without a reason")
        if run["status"] != "success" and KILLED not in run["error"]:
            self.wrong.append(f"{run['id']} into {place.name} failed by itself: {run['error'][:300]}")

    def _whole(self, batch: int) -> Held:
        return whole(batch, self.rows[batch]) if batch else {}


def _ending(run: dict[str, Any]) -> str:
    if run["status"] != "failed" or KILLED not in run["error"]:
        return str(run["status"])
    return "killed while it committed" if EITHER in run["error"] else "killed"
