"""How often one caller may do something: a bucket of permits for each, filled at a steady rate."""

from __future__ import annotations

import time
from collections.abc import Callable

MOST_CALLERS = 10_000


class Limiter:
    """`burst` permits at once for each caller, and `per_second` new ones. For one thread."""

    def __init__(self, burst: int, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.burst = burst
        self.per_second = per_second
        self._clock = clock
        self._left: dict[str, tuple[float, float]] = {}

    def take(self, caller: str) -> float:
        """Use a permit: 0, or the seconds until there is one again."""
        left = self._now(caller)
        if left < 1:
            return (1 - left) / self.per_second
        self._keep(caller, left - 1)
        return 0.0

    def wait(self, caller: str) -> float:
        """The seconds until there is a permit, without using it."""
        left = self._now(caller)
        return 0.0 if left >= 1 else (1 - left) / self.per_second

    def _now(self, caller: str) -> float:
        left, at = self._left.get(caller, (float(self.burst), 0.0))
        return min(self.burst, left + (self._clock() - at) * self.per_second)

    def _keep(self, caller: str, left: float) -> None:
        if len(self._left) >= MOST_CALLERS:
            self._left.clear()
        self._left[caller] = (left, self._clock())
