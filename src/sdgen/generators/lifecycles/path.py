"""The way that rows go through their states: each step's state and moment, for all rows of a batch at once.

A row's way depends on its own draws alone: step n takes the row's n-th word. So the present state, the moment of each
transition and a row for each of them, wherever they are asked for, are read off the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
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
    """rows[k], states[k], moments[k]: which rows have had a k-th state, what it is, and when it came (microseconds).

    steps: how many states each row has had. The first is its birth's; a row that isn't born yet has had none.
    """

    rows: tuple[Numbers, ...]
    states: tuple[Numbers, ...]
    moments: tuple[Numbers, ...]
    steps: Numbers

    @cached_property
    def _in_rows(self) -> tuple[Numbers, Numbers, Numbers]:
        """Where each row's states begin, and all states and moments, row after row."""
        firsts = np.cumsum(self.steps) - self.steps
        states, moments = np.empty((2, int(self.steps.sum())), dtype=np.int64)
        for number, rows in enumerate(self.rows):
            places = firsts.take(rows) + number
            states[places], moments[places] = self.states[number], self.moments[number]
        return firsts, states, moments

    def at(self, step: Numbers, places: Numbers | None = None) -> tuple[Numbers, Numbers]:
        """Each row's state at a step of its own, and its moment; -1 where it had no such step.

        places: which row each step is of, where they aren't of all rows in order.
        """
        firsts, states, moments = self._in_rows
        rows = np.arange(len(step)) if places is None else places
        there = np.flatnonzero(step < self.steps.take(rows))
        found = firsts.take(rows.take(there)) + step.take(there)
        state, moment = np.full(len(step), _NONE), np.zeros(len(step), dtype=np.int64)
        state[there], moment[there] = states.take(found), moments.take(found)
        return state, moment

    def reached(self, state: int, last: bool = False) -> tuple[Numbers, NDArray[np.bool_]]:
        """When each row came to a state for the first time (or the last), and whether it did."""
        # From the end to the beginning for the first time, so that the earliest is what remains.
        when, came = np.zeros(len(self.steps), dtype=np.int64), np.zeros(len(self.steps), dtype=np.bool_)
        order = range(len(self.states)) if last else range(len(self.states) - 1, -1, -1)
        for step in order:
            here = np.flatnonzero(self.states[step] == state)
            places = self.rows[step].take(here)
            when[places], came[places] = self.moments[step].take(here), True
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
    steps = (known & (born <= plan.until)).astype(np.int64)
    rows = np.flatnonzero(steps)
    state, moment = np.zeros_like(rows), born.take(rows)
    way = [(rows, state, moment)]
    # Step n of a row takes its n-th word, so that the same life comes of it wherever it is read.
    for step in range(1, MOST_STEPS):
        following, later = np.full_like(rows, _NONE), moment.copy()
        for place in np.flatnonzero(np.bincount(state)).tolist():
            these = np.flatnonzero(state == place)
            next_step = _stepped(plan, names, place, step, rows.take(these), numbers, moment.take(these))
            following[these], later[these] = next_step
        # Most rows come to an end within a few steps: only those that go on are kept.
        on = np.flatnonzero(following != _NONE)
        if not len(on):
            break
        rows, state, moment = rows.take(on), following.take(on), later.take(on)
        steps[rows] += 1
        way.append((rows, state, moment))
    kept, states, moments = zip(*way, strict=True)
    return Path(kept, states, moments, steps)


def _stepped(
    plan: Walk, names: list[str], place: int, step: int, rows: Numbers, numbers: Numbers, since: Numbers
) -> tuple[Numbers, Numbers]:
    """The state that follows for rows in one state, -1 where none has come yet, and when it came."""
    name = names[place]
    state = plan.states[name]
    following, later = np.full(len(rows), _NONE), since
    if not any(state.choices()):
        return following, later
    own = numbers.take(rows)
    chosen = streams.draw(plan.key(f"next/{step}"), own)
    waits, later = plan.key(f"wait/{step}"), since.copy()
    cases = plan.case_of(name).take(rows) if state.cases else None
    for case, choice in enumerate(state.choices()):
        if not choice:
            continue
        picked = alias_table([each.weight for each in choice.values()]).pick(chosen)
        # A state that leads to itself is an end: time passes in it, and nothing changes.
        for number, (target, transition) in enumerate(choice.items()):
            chosen_here = picked == number if cases is None else (cases == case) & (picked == number)
            these = np.flatnonzero(chosen_here) if target != name else rows[:0]
            if len(these):
                following[these] = names.index(target)
                words = streams.draw(waits, own.take(these))
                later[these] = _moved(plan, state, transition, since.take(these), words)
    # The last transition may lie beyond the present: then it has not come yet.
    following[later > plan.until] = _NONE
    return following, later


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
