"""Plain data → a pydantic record, or every problem with its place in the document."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ValidationError

from sdgen.errors import Path, Problem, SdgenError, did_you_mean
from sdgen.readers.yaml_text import Document
from sdgen.scenario.problems import value_in_words

Model = TypeVar("Model", bound=BaseModel)


def _as_tuple(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def _in_utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _no_number(value: object) -> object:
    """Pydantic would take a number, or a text of digits alone such as 20260101, for seconds since 1970."""
    try:
        float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return value
    raise ValueError("a number is no moment: write it like 2026-01-31T12:00:00Z")


Names = Annotated[tuple[str, ...], BeforeValidator(_as_tuple)]  # one name may stand for a list of it
Moment = Annotated[datetime, BeforeValidator(_no_number), AfterValidator(_in_utc)]  # in UTC where no time zone is said


def validate_document(model: type[Model], document: Document, error: type[SdgenError], under: Path = ()) -> Model:
    """The record; `error` with every problem. `under` is put before the problems' paths."""
    if not isinstance(document.value, Mapping):
        what = f"must be a mapping from names to values, found {type(document.value).__name__}"
        raise error(document.problem((), what))
    try:
        return model.model_validate(dict(document.value))
    except ValidationError as wrong:
        details = wrong.errors(include_url=False)
        raise error([_problem(model, document, dict(detail), under) for detail in details]) from None


def _problem(model: type[BaseModel], document: Document, detail: Mapping[str, Any], under: Path) -> Problem:
    path: Path = tuple(part for part in detail["loc"] if part in _parts(document.value) or isinstance(part, int))
    found = document.problem(path, "")
    known = [field.alias or name for name, field in model.model_fields.items()]
    if detail["type"] == "extra_forbidden":
        key = str(detail["loc"][-1])
        what, hint = f"unknown key {key!r}", did_you_mean(key, known, "known: " + ", ".join(known))
    else:
        what, hint = value_in_words(detail.get("input"), detail), ""
    return Problem((*under, *path), what, hint, found.file, found.line, found.column)


def _parts(value: object) -> set[object]:
    """All keys of a document: the places pydantic names beside are its own words for unions."""
    if isinstance(value, Mapping):
        return set(value) | {part for each in value.values() for part in _parts(each)}
    if isinstance(value, list | tuple):
        return {part for each in value for part in _parts(each)}
    return set()
