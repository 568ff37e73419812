"""Kills at random moments, from a seed: workers, workers that commit, the fork server, the server, all of them."""

from __future__ import annotations

import threading
import time
from collections import Counter
from random import Random

from bench.kills.server import Going, Server, kill

# What is killed, and how often in a hundred.
VICTIMS = {
    "a worker": 45,
    "a worker that commits": 20,
    "the fork server": 7,
    "the server": 16,
    "server and workers": 12,
}
_PATIENCE = 10.0  # seconds in which there must be somebody to kill


class Killer(threading.Thread):
    """Kills so often; `done` counts by victim. The server is started again each time."""

    def __init__(self, server: Server, kills: int, seed: int) -> None:
        super().__init__(name="killer", daemon=True)
        self.server, self.kills = server, kills
        self.random = Random(seed)
        self.done: Counter[str] = Counter()
        self.processes = 0
        self.failed: BaseException | None = None

    def run(self) -> None:
        try:
            while self.done.total() < self.kills:
                time.sleep(self.random.uniform(0.1, 2.0))
                victim = self.random.choices(list(VICTIMS), list(VICTIMS.values()))[0]
                if self._strike(victim):
                    self.done[victim] += 1
        except BaseException as error:
            self.failed = error

    def _strike(self, victim: str) -> bool:
        if victim == "the fork server":
            return self._all(self.server.nurseries())
        if victim == "the server":
            return self._server([])
        if victim == "server and workers":
            return self._server([each.pid for each in self.server.going()] + self.server.nurseries())
        found = self._waited("finishing" if victim == "a worker that commits" else "")
        if found is None:
            return False
        time.sleep(self.random.uniform(0, 0.08) if found.phase == "finishing" else 0)
        return self._all([found.pid])

    def _server(self, others: list[int]) -> bool:
        self._all(others)
        self.server.kill()
        self.processes += 1
        time.sleep(self.random.uniform(0, 1.0))
        self.server.start()
        return True

    def _all(self, pids: list[int]) -> bool:
        killed = sum(kill(pid) for pid in pids)
        self.processes += killed
        return killed > 0

    def _waited(self, phase: str) -> Going | None:
        """A run at work, in that phase where one is named."""
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until:
            found = [each for each in self.server.going() if phase in ("", each.phase)]
            if found:
                return self.random.choice(found)
            time.sleep(0.01)
        return None
