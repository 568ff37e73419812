"""The states of a life as a scenario writes them: what follows each one, how likely, and after how long."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, FiniteFloat, model_validator

from sdgen.errors import did_you_mean
from sdgen.generators.base import ColumnContext, ParamError
from sdgen.generators.moments.durations import Length, fixed_length
from sdgen.generators.moments.rhythm import RhythmParam, rhythm_faults


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
