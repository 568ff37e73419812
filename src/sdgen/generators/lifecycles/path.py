"""The way that rows go through their states: each step's state and moment, for all rows of a batch at once.

A row's way depends on its own draws alone: step n takes the row's n-th word. So the present state, the moment of each
transition and a row for each of them, wherever they are asked for, are read off the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, FiniteFloat, model_validator

from sdgen.errors import did_you_mean
from sdgen.generators import streams
from sdgen.generators.base import ParamError
from sdgen.generators.column_batch import ColumnContext
from sdgen.generators.moments.durations import SECOND, Length, fixed_length
from sdgen.generators.moments.operational_clock import waiting_clock
from sdgen.generators.moments.rhythm import RhythmParam, rhythm_faults
from sdgen.generators.numbers.alias_tables import alias_table
from sdgen.generators.numbers.quantile_tables import lognormal_table
from sdgen.generators.streams import Numbers

# A walk in a circle must end, and each step costs a draw for all rows that are still under way.
MOST_STEPS = 100
_NONE = -1
# A lognormal stay has no greatest length of its own.
_WIDEST = 30.0  # times the median: no stay is longer, or shorter than its part of it


@dataclass(frozen=True, eq=False)
class Path:
    """states[k], moments[k]: the k-th state of each row and when it came (microseconds); -1 where it had no more.

    steps: how many states each row has had. The first is its birth's; a row that isn't born yet has had none.
    """

    states: tuple[Numbers, ...]
    moments: tuple[Numbers, ...]
    steps: Numbers

    def at(self, step: Numbers) -> tuple[Numbers, Numbers]:
        """Each row's state at a step of its own, and its moment."""
        places = np.arange(len(step))
        inside = np.clip(step, 0, len(self.states) - 1)
        states = np.stack(self.states)[inside, places]
        return np.where(step < self.steps, states, _NONE), np.stack(self.moments)[inside, places]

    def reached(self, state: int, last: bool = False) -> tuple[Numbers, NDArray[np.bool_]]:
        """When each row came to a state for the first time (or the last), and whether it did."""
        # From the end to the beginning for the first time, so that the earliest is what remains.
        when, came = np.zeros(len(self.steps), dtype=np.int64), np.zeros(len(self.steps), dtype=np.bool_)
        order = range(len(self.states)) if last else range(len(self.states) - 1, -1, -1)
        for step in order:
            here = self.states[step] == state
            when, came = np.where(here, self.moments[step], when), came | here
        return when, came


class State(BaseModel):
    """A state: what follows it, and how long it lasts. One that nothing follows is an end."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    next: Transitions = Field(
        default_factory=dict, description="the states that may follow, with weights; its own name: it stays for good"
    )
    cases: tuple[Case, ...] = Field((), description="instead, where a condition holds; the first that does counts")
    after: Length = Field("1d", description="half of the times in this state are shorter (a lognormal law)")
    sigma: FiniteFloat = Field(0.8, gt=0, le=5, description="how far the times spread")
    rhythm: RhythmParam = Field(None, description="in whose time it lasts, such as office")

    @model_validator(mode="before")
    @classmethod
    def _spelled_out(cls, value: Any) -> Any:
        return {} if value is None else value

    def choices(self) -> Iterator[Mapping[str, Transition]]:
        """What may follow: of each case, and otherwise."""
        yield from (case.next for case in self.cases)
        yield self.next


@dataclass(frozen=True)
class Walk:
    """What the way of rows depends on: the states, streams' keys by purpose, how far time has come, and conditions.

    case_of(state): which case of a state holds for each row.
    """

    states: Mapping[str, State]
    key: Callable[[str], int]
    until: int
    as_of: datetime
    case_of: Callable[[str], Numbers]


def walk(plan: Walk, numbers: Numbers, born: Numbers, known: NDArray[np.bool_]) -> Path:
    """The way of rows with these numbers, born at these moments; those whose birth isn't known have none."""
    names = list(plan.states)
    # Nothing has happened to what isn't born yet, or whose birth nobody knows.
    alive = known & (born <= plan.until)
    state = np.where(alive, 0, _NONE)
    moment = born.copy()
    states, moments, steps = [state], [moment], alive.astype(np.int64)
    # Step n of a row takes its n-th word, so that the same life comes of it wherever it is read.
    for step in range(1, MOST_STEPS):
        state, moment = np.full_like(state, _NONE), moment.copy()
        for place in np.flatnonzero(np.bincount(states[-1][alive])).tolist():
            rows = np.flatnonzero(alive & (states[-1] == place))
            following, later = _stepped(plan, names, place, step, rows, numbers[rows], moment[rows])
            state[rows], moment[rows] = following, later
        alive = state != _NONE
        if not alive.any():
            break
        states.append(state)
        moments.append(moment)
        steps = steps + alive
    return Path(tuple(states), tuple(moments), steps)


def _stepped(
    plan: Walk, names: list[str], place: int, step: int, rows: Numbers, numbers: Numbers, since: Numbers
) -> tuple[Numbers, Numbers]:
    """The state that follows for rows in one state, -1 where none has come yet, and when it came."""
    name = names[place]
    state = plan.states[name]
    chosen = streams.draw(plan.key(f"next/{step}"), numbers)
    waits = streams.draw(plan.key(f"wait/{step}"), numbers)
    cases = plan.case_of(name)[rows] if state.cases else np.zeros(len(rows), dtype=np.int64)
    following, later = np.full(len(rows), _NONE), since.copy()
    for case, choice in enumerate(state.choices()):
        if not choice:
            continue
        picked = alias_table([each.weight for each in choice.values()]).pick(chosen)
        # A state that leads to itself is an end: time passes in it, and nothing changes.
        for number, (target, transition) in enumerate(choice.items()):
            these = np.flatnonzero((cases == case) & (picked == number)) if target != name else rows[:0]
            if len(these):
                following[these] = names.index(target)
                later[these] = _moved(plan, state, transition, since[these], waits[these])
    # The last transition may lie beyond the present: then it has not come yet.
    come = later <= plan.until
    return np.where(come, following, _NONE), later


def _moved(plan: Walk, state: State, transition: Transition, since: Numbers, words: streams.Words) -> Numbers:
    """The moments after a stay in a state."""
    median = fixed_length(transition.after or state.after)
    table = lognormal_table(float(transition.sigma or state.sigma))
    # The law is truncated, so that no stays pile up at either bound.
    stays = table.draw(words, 1 / _WIDEST, _WIDEST) * median
    if state.rhythm is None:
        return since + stays.astype(np.int64) // SECOND * SECOND
    clock = waiting_clock(state.rhythm, plan.as_of)
    # Waits run in operational time: two hours of `office` are two hours in which there is work.
    later = clock.moments(clock.ticks(since) + clock.of_hours(stays)) // SECOND * SECOND
    # Whole seconds are cut off, which must not lead back before the beginning.
    return np.maximum(later, since)


# The states of a life as a scenario writes them: what follows each one, how likely, and after how long.


class Transition(BaseModel):
    """A state that may follow: its weight among those that may, and how long it takes where that is its own."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    weight: FiniteFloat = Field(1.0, ge=0, description="its share of what follows")
    after: Length = Field("", description="half of these take less; the state's own where left out")
    sigma: FiniteFloat | None = Field(None, gt=0, le=5, description="how far the times spread")


def _as_transitions(value: Any) -> Any:
    if isinstance(value, str):
        return {value: {}}
    if isinstance(value, (list, tuple)):
        return {str(name): {} for name in value}
    if isinstance(value, Mapping):
        return {name: {"weight": one} if isinstance(one, (int, float)) else one for name, one in value.items()}
    return value


Transitions = Annotated[dict[str, Transition], BeforeValidator(_as_transitions)]


class Case(BaseModel):
    """What follows where a condition holds."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    when: str = Field(min_length=1, description="a condition in SQL over columns of the row and its parents")
    next: Transitions = Field(description="the states that may follow, with weights")


def state_faults(states: Mapping[str, State], facts: ColumnContext) -> Iterator[ParamError]:
    """What is wrong with states beyond their own types."""
    for name, state in states.items():
        for choice in state.choices():
            unknown = [following for following in choice if following not in states]
            for following in unknown:
                yield ParamError(f"states.{name}", f"no state {following!r}", did_you_mean(following, states))
            if choice and not any(each.weight for each in choice.values()):
                yield ParamError(f"states.{name}", "all weights are zero", "give one a weight above 0")
            for each in (state.after, *(one.after for one in choice.values() if one.after)):
                yield from _length_faults(name, each)
        for fault in rhythm_faults(state.rhythm, facts):
            yield ParamError(f"states.{name}", fault.what, fault.hint)


def _length_faults(name: str, length: Length) -> Iterator[ParamError]:
    try:
        if fixed_length(length) < 0:
            yield ParamError(f"states.{name}", f"after {length} is below zero", "take a time of 0s or more")
    except ValueError as error:
        yield ParamError(f"states.{name}", str(error))
