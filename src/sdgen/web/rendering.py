"""HTML of templates: the environment, how figures are written, and how a problem becomes a page."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlencode

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from sdgen.errors import NotFound, Problem, ScenarioError, SdgenError
from sdgen.service.records import ProblemRecord
from sdgen.web.wording import page_problem, page_words

MOST_FIELDS = 5000
# Unicode's marks for the direction of writing: a name with them could make the text behind it read otherwise.
_TURNS = {code: f"\\u{code:04x}" for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}
AGO_UNITS = (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1))  # seconds
BYTE_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


def number(value: float) -> str:
    """12,345"""
    return f"{value:,.0f}"


def size(count: float) -> str:
    """Bytes in the largest unit that leaves a figure before the point, thousands being 1000."""
    power = 0
    while count >= 1000 and power < len(BYTE_UNITS) - 1:
        count, power = count / 1000, power + 1
    return f"{count:.0f} B" if power == 0 else f"{count:.1f} {BYTE_UNITS[power]}"


def duration(seconds: float) -> str:
    """Seconds as a person says them."""
    if seconds < 10:
        return f"{seconds:.2f} s"
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def instant(moment: datetime | None) -> str:
    """A time in UTC, to the second."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if moment else "–"


def ago(moment: datetime) -> str:
    """How long ago a moment was, as a person says it; in the largest unit that it fills."""
    seconds = max((datetime.now(UTC) - moment).total_seconds(), 0.0)
    unit, size = next((each for each in AGO_UNITS if seconds >= each[1]), ("", 1))
    return f"{seconds / size:.0f} {unit} ago" if unit and seconds >= 5 else "just now"


def percent(share: float) -> str:
    """0.123 is 12.3 %; what is not nothing is never shown as 0."""
    return "< 0.1 %" if 0 < share < 0.001 else f"{share * 100:.3g} %"


def marked(text: str) -> Markup:
    """A line of a docstring, its words between backticks as code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    return Markup("").join(
        Markup("<code>{}</code>").format(each) if at % 2 else escape(each) for at, each in enumerate(parts)
    )


@cache
def environment() -> Environment:
    """The templates of this package; everything put into them is escaped."""
    made = Environment(
        loader=PackageLoader("sdgen.web"),
        autoescape=True,
        # A misspelled name in a template is an error, and not an empty place on a page.
        undefined=StrictUndefined,
        finalize=_in_order,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(number=number, size=size, duration=duration, instant=instant, percent=percent, marked=marked)
    made.filters.update(ago=ago, on_page=page_problem, on_page_words=page_words, query=urlencode)
    return made


def _in_order(value: Any) -> Any:
    """A text without what would turn round the order of the letters behind it: that is spelled out."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return value.translate(_TURNS)


def page(request: Request, template: str, code: int = 200, **values: Any) -> HTMLResponse:
    """A template as a response."""
    rules = getattr(request.app.state, "rules", None)
    common = {"path": request.url.path, "signed_in": bool(rules is not None and rules.token)}
    text = environment().get_template(template).render(**common, **values)
    # Pages change with each run, and tell what the next user of the browser need not see.
    return HTMLResponse(text, code, {"Cache-Control": "no-store"})


def wants_fragment(request: Request) -> bool:
    """Whether the script of a page asks, and not the browser itself."""
    return request.headers.get("x-fragment") == "1"


def fragment(request: Request, template: str, title: str, back: str, **values: Any) -> HTMLResponse:
    """A part of a page; a page of its own where the browser itself asks, because scripts are off."""
    if wants_fragment(request):
        return page(request, template, **values)
    return page(request, "alone.html", inner=template, title=title, back=back, **values)


def records(error: SdgenError) -> list[ProblemRecord]:
    """The problems of an error, as templates show them."""
    return [ProblemRecord.of(problem) for problem in error.problems]


def failure(request: Request, error: SdgenError) -> HTMLResponse:
    """The page of an error: 404 where something is not there, 422 otherwise."""
    template = "problems.html" if wants_fragment(request) else "failure.html"
    status = 404 if isinstance(error, NotFound) else 422
    return page(request, template, status, problems=records(error), missing=status == 404)


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a posted form; of several with one name the last."""
    body = (await request.body()).decode("utf-8", "replace")
    try:
        # The limit is on the number of fields, as parsing takes time for each.
        pairs = parse_qsl(body, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise ScenarioError(Problem(("request",), f"a form of more than {MOST_FIELDS} fields")) from None
    # Browsers send the ends of lines in a text field as CR LF, whatever the text had.
    return {name: value.replace("\r\n", "\n") for name, value in pairs}


def listed(text: str) -> list[str]:
    """What a field of a form lists with commas between."""
    return [each.strip() for each in text.split(",") if each.strip()]


class PageRoute(APIRoute):
    """A route whose problems are told on a page."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def told(request: Request) -> Response:
            try:
                return await handle(request)
            except SdgenError as error:
                return failure(request, error)

        return told
