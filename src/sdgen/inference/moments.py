"""Moments that a schema calls plain texts or numbers: told by the field's name, its description or an example."""

from __future__ import annotations

import re

from sdgen.inference.names import snake

ISO = "%Y-%m-%dT%H:%M:%SZ"
DAY = "%Y-%m-%d"

_DONE = (
    "created|create|creation|updated|update|modified|modification|changed|deleted|inserted|published|posted|sent|started|"
    "ended|finished|completed|closed|opened|resolved|registered|joined|received|submitted|approved|cancelled|canceled|"
    "archived|processed|paid|shipped|delivered|scheduled|expires|expired|last_login|last_seen|last_activity|last_edited|"
    "imported|synced|accessed|activated|verified|confirmed|accepted|rejected|viewed|signed|uploaded|added|edited|"
    "requested|hired|terminated|purchased|ordered|invoiced|refunded|fulfilled|subscribed|unsubscribed|placed|recorded"
)
_AT = re.compile(
    rf"(?:.*_)?(?:at|date_?time|time_?stamp|utc)|(?:.*_)?(?:{_DONE})_(?:time|ts)|(?:.*_)?(?:start|end|begin|event)_time"
)
_ALONE = re.compile(
    rf"(?:date_)?(?:{_DONE})|(?:last|first|recently)_(?:{_DONE})(?:_(?:date|on))?|(?:{_DONE})_(?:date|on|day)(?:_utc|_gmt)?|date_(?:{_DONE})(?:_utc|_gmt)?"
)
_DAY = re.compile(r"(?:.*_)?(?:date|dob|birth_?day|day_date)|date_.*|(?:.*_)?(?:due|start|end)_on|date")
_NO_MOMENT = re.compile(
    r"(?:.*_)?(?:id|ids|by|zone|tz|format|type|name|count|url|uri|status|state|reason|label|user|via|from_now|in|offset|"
    r"days|hours|minutes|seconds|duration|interval|range|preset|flag|enabled|lat|stat|precision|field|source|pattern|text|string|key)"
)
_SAID = re.compile(
    r"\b(?:ISO[- ]?8601|RFC[- ]?3339|date[- /]?time|timestamp|date and time)\b"
    r"|^(?:the |exact |an? )*(?:date|time|day|moment) "
    r"(?:when|at which|on which|that|of (?:the )?(?:creation|last)|this|it)\b",
    re.IGNORECASE,
)
_SAID_OTHERWISE = re.compile(
    r"\b(?:time ?zone|format of|formats?|duration|whether|if true|number of|how (?:long|many)|in seconds|in minutes|"
    r"user who|id of|name of|list of|array of|type of|name|unique identifier)\b",
    re.IGNORECASE,
)
_COUNTED = re.compile(r"(?:.*_)?(?:date|(?:period|trial|cycle|billing)_(?:start|end|anchor))|date|date_.*")
_UNIX = re.compile(r"\b(?:unix|epoch|posix|seconds since|milliseconds since)\b", re.IGNORECASE)
_THOUSANDTHS = re.compile(r"\bmilli-?seconds?\b|\bms\b", re.IGNORECASE)
_LONGER = re.compile(r"\b(?:time|timestamp|ISO[- ]?8601|RFC[- ]?3339)\b", re.IGNORECASE)

_LOOKS = (
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"), ISO),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"), "%Y-%m-%dT%H:%M:%S.%_msZ"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{4,9}Z"), "%Y-%m-%dT%H:%M:%S.%fZ"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?[+-]\d\d:\d\d"), "%Y-%m-%dT%H:%M:%S+00:00"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?[+-]\d{4}"), "%Y-%m-%dT%H:%M:%S%z"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?"), "%Y-%m-%dT%H:%M:%S"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?"), "%Y-%m-%d %H:%M:%S"),
    (re.compile(r"\d{4}-\d\d-\d\d"), DAY),
    (re.compile(r"\d{4}/\d\d/\d\d"), "%Y/%m/%d"),
    # Only a day above 12 tells that the month comes first.
    (re.compile(r"(?:0[1-9]|1[0-2])/(?:1[3-9]|2\d|3[01])/\d{4}"), "%m/%d/%Y"),
    (
        re.compile(r"(?:[A-Z][a-z]{2}), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d (?:GMT|\+0000)"),
        "%a, %d %b %Y %H:%M:%S GMT",
    ),
)


def text_form(name: str, description: str = "") -> str:
    """How a text that is a moment is written, in strftime codes; "" where nothing says that it is one."""
    spelled = snake(name)
    # First of all what only looks like a moment: date_format, created_by.
    if _NO_MOMENT.fullmatch(spelled):
        return ""
    if _AT.fullmatch(spelled) or _ALONE.fullmatch(spelled):
        return ISO
    if _DAY.fullmatch(spelled):
        return ISO if _LONGER.search(description) else DAY
    if len(description) <= 200 and _SAID.search(description) and not _SAID_OTHERWISE.search(description):
        return ISO
    return ""


def form_of_text(text: str) -> str:
    """How a moment is written, by one that is; "" where the text is none."""
    return next((form for look, form in _LOOKS if look.fullmatch(text)), "")


def epoch_unit(name: str, description: str = "") -> str:
    """The unit, s or ms, of a number that counts from 1970; "" where nothing says that it does."""
    spelled = snake(name)
    if _NO_MOMENT.fullmatch(spelled):
        return ""
    named = (
        _AT.fullmatch(spelled) or _ALONE.fullmatch(spelled) or _COUNTED.fullmatch(spelled) or spelled.endswith("_ts")
    )
    said = _UNIX.search(description) and re.search(r"time|date|when", f"{description} {spelled}", re.IGNORECASE)
    if not (named or said):
        return ""
    return "ms" if _THOUSANDTHS.search(description) or spelled.endswith(("_ms", "_millis")) else "s"


_WHEN = r"(?:_(?:at|on|date|time|time_?stamp|utc|ts))*"
UPDATED = re.compile(rf"(?:.*_)?(?:updated?|modified|modification|changed|edited){_WHEN}|date_updated")
CREATED = re.compile(rf"(?:date_)?(?:created?|creation|inserted){_WHEN}")
