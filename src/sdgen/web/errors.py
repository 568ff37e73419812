"""Errors as answers: one shape for all of them, the same Problems as the command line tells, never a traceback."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from sdgen.errors import (
    NotFound,
    ScenarioError,
    SdgenError,
    SourceError,
    StoreError,
    StoreFull,
    StoreUnusable,
    TargetError,
    did_you_mean,
)
from sdgen.execution.secrets import without_passwords
from sdgen.scenario.model import Record
from sdgen.scenario.problems import in_words
from sdgen.service.records import ProblemRecord

STATUS: Mapping[type[SdgenError], int] = {
    StoreFull: 507,
    StoreUnusable: 503,
    NotFound: 404,
    StoreError: 409,
    ScenarioError: 422,
    SourceError: 422,
    TargetError: 422,
}
_WORDS = {404: "there is no such address", 405: "this address does not take that method"}
_WHAT = {"model_attributes_type": "is not a JSON object", "missing": "is missing"}
_SEVERAL = "{} problems; the first one: {}"


class ErrorDetail(Record):
    """What went wrong, in one line, and every problem there is."""

    message: str
    problems: tuple[ProblemRecord, ...] = ()


class ErrorAnswer(Record):
    """The body of every answer with a status of 400 or more."""

    error: ErrorDetail


def error_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """These error statuses as OpenAPI tells of them."""
    told = {
        400: "the body is not JSON",
        401: "no token, or not the right one",
        403: "requested by a page of another origin",
        404: "there is nothing of that id",
        409: "it is in a state that does not allow this",
        408: "the body did not come in time",
        413: "the body is too large",
        421: "requested under a host name that is not this server's",
        422: "the request has problems; all of them are listed",
        429: "too many requests; Retry-After says when to try again",
        503: "the server is busy, or its store can't be used; try it again",
        507: "the store is full",
    }
    late = (408,) if 413 in statuses else ()
    everywhere = (503, 507) if 401 in statuses else ()  # of a router: whatever its routes do
    return {status: {"model": ErrorAnswer, "description": told[status]} for status in (*statuses, *late, *everywhere)}


def answer(
    status: int, message: str, problems: Sequence[ProblemRecord] = (), headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """An error's answer; whatever looks like a password is hidden."""
    hidden = [
        each.model_copy(update={"what": without_passwords(each.what), "hint": without_passwords(each.hint)})
        for each in problems
    ]
    body = ErrorAnswer(error=ErrorDetail(message=without_passwords(message), problems=tuple(hidden)))
    return JSONResponse(body.model_dump(mode="json"), status, dict(headers or {}))


def add_handlers(app: FastAPI) -> None:
    """Make the application answer every exception in this shape."""
    app.add_exception_handler(SdgenError, _problem_answer)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(UnicodeEncodeError, _no_text)
    app.add_exception_handler(Exception, unforeseen)


def _problem_answer(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, SdgenError)
    # By the nearest class above it: an error that is a kind of another one must not get the other's status.
    status = next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 422)
    return _of_problems(status, [ProblemRecord.of(problem) for problem in error.problems])


def _no_text(request: Request, error: Exception) -> JSONResponse:
    """Half of a surrogate pair: JSON can spell it, and nothing can write it down."""
    what, hint = "the request holds \\ud800 or the like, which is no character", "leave it out"
    return _of_problems(422, [ProblemRecord(path="request", what=what, hint=hint)])


def _invalid(request: Request, error: Exception) -> JSONResponse:
    """What FastAPI's own validation found, without the input, which may hold secrets."""
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    if any(each["type"] == "json_invalid" for each in found):
        return answer(400, "the body is not JSON")
    known = _known_keys(request)
    records = [_record(each, known) for each in found]
    return _of_problems(422, records, f"{records[0].path}: {records[0].what}")


def _record(detail: Mapping[str, Any], known: Sequence[str]) -> ProblemRecord:
    loc = [str(part) for part in detail["loc"]]
    if detail["type"] != "extra_forbidden":
        return ProblemRecord(path=".".join(loc), what=_WHAT.get(detail["type"]) or in_words(detail))
    hint = did_you_mean(loc[-1], known, "known: " + ", ".join(known)) if len(loc) == 2 and known else ""
    return ProblemRecord(path=".".join(loc), what=f"unknown key {loc[-1]!r}", hint=hint)


def _known_keys(request: Request) -> list[str]:
    """The keys of the body that an address takes."""
    body = getattr(request.scope.get("route"), "body_field", None)
    model = getattr(getattr(body, "field_info", None), "annotation", None)
    return [field.alias or name for name, field in getattr(model, "model_fields", {}).items()]


def _of_problems(status: int, problems: list[ProblemRecord], first: str = "") -> JSONResponse:
    first = first or (problems[0].what if problems else "the request was refused")
    message = first if len(problems) < 2 else _SEVERAL.format(len(problems), first)
    return answer(status, message, problems)


def _is_for_a_person(request: Request) -> bool:
    """Whether a browser asks for a page, and pages are installed."""
    asked = "text/html" in request.headers.get("accept", "") and request.method == "GET"
    return asked and not request.url.path.startswith("/api/") and find_spec("jinja2") is not None


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 404 and _is_for_a_person(request):
        from sdgen.web.rendering import failure

        return failure(request, NotFound(_WORDS[404]))
    # HTTP wants every method of the address with a 405.
    headers = {"allow": ", ".join(_methods(request))} if error.status_code == 405 else error.headers
    return answer(error.status_code, _WORDS.get(error.status_code, str(error.detail)), headers=headers)


def _methods(request: Request) -> list[str]:
    """The methods of all the routes of an address; the exception knows those of the first one alone."""
    path = request.url.path
    paths = request.app.openapi()["paths"]
    templates = [path] if path in paths else [each for each in paths if _leads_to(each, path)]
    found = {method.upper() for each in templates for method in paths[each]}
    return sorted(found)


def _leads_to(template: str, path: str) -> bool:
    return re.fullmatch(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template)), path) is not None


def unforeseen(request: Request, error: Exception) -> JSONResponse:
    """The answer where there is a bug: no more of it than that it is one."""
    # The message of an error may hold values of rows, or a password: its kind alone is logged.
    logging.getLogger("sdgen.web").error("%s %s: %s", request.method, request.url.path, type(error).__name__)
    return answer(500, "internal error: this is a bug in sdgen; the server's log names the kind of error")
