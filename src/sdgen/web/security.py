"""Who may ask, and under which name: host, origin, token, size and rate are looked at before anything else.

The Host header keeps a page of another name from reaching a server on this machine (DNS rebinding), the Origin header
keeps pages of other origins from posting. A token comes as `Authorization: Bearer`, or as a cookie that /login sets.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import ceil
from urllib.parse import parse_qsl, urlencode, urlsplit

from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sdgen.web.errors import answer, unforeseen

COOKIE = "sdgen_session"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
LARGEST_BODY = 4 * 1024 * 1024  # bytes
BODY_SECONDS = 30.0
FULL = 507  # the status of a store without room, which /health then tells
HEALTH = "/api/v1/health"
OPEN = ("/login", HEALTH)  # what needs no token
OPEN_UNDER = "/static/"
_SAFE = ("GET", "HEAD", "OPTIONS")
_SAME = ("same-origin", "none")
CONTENT_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": CONTENT_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


@dataclass(frozen=True)
class Rules:
    """What is asked of requests. token "": none. hosts: names beside those of loopback; `*` allows every one.

    body_seconds: in which a whole body has to come. changes: permits for requests that change something; failures:
    those for tokens that are wrong.
    """

    token: str = field(default="", repr=False)
    hosts: tuple[str, ...] = ()
    largest_body: int = LARGEST_BODY
    body_seconds: float = BODY_SECONDS
    changes: Limiter = field(default_factory=lambda: Limiter(120, 4))
    failures: Limiter = field(default_factory=lambda: Limiter(10, 0.2))

    def allows_host(self, host: str) -> bool:
        name = host_name(host)
        return bool(name) and ("*" in self.hosts or name in LOOPBACK or name in {each.lower() for each in self.hosts})

    def is_token(self, given: str) -> bool:
        """Whether it is the token; the time this takes tells nothing of it."""
        # As bytes, since the function refuses texts with other letters than ASCII; a header may hold any bytes.
        return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), self.token.encode())

    @property
    def cookie(self) -> str:
        """What the cookie of a signed-in browser holds: made from the token, which it doesn't tell."""
        return hmac.new(self.token.encode(), b"sdgen session", hashlib.sha256).hexdigest()

    def is_signed_in(self, request: Request) -> bool:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self.is_token(given.strip())
        shown = request.cookies.get(COOKIE, "")
        return hmac.compare_digest(shown.encode("utf-8", "surrogateescape"), self.cookie.encode())


def host_name(host: str) -> str:
    """The name in a Host header, without its port and brackets; "" where it is none."""
    try:
        parts = urlsplit(f"//{host}")
        # Anything that is more than a name and a port is no Host header of a browser's.
        return "" if parts.path or parts.username is not None else (parts.hostname or "").rstrip(".")
    except ValueError:
        return ""


class Security:
    """The ASGI application behind these rules."""

    def __init__(self, app: ASGIApp, rules: Rules) -> None:
        self.app = app
        self.rules = rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            # Nothing here speaks WebSockets, which are left without an answer.
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return

        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                _add_headers(message, scope["path"])
                if message["status"] == FULL and scope["path"] != HEALTH:
                    scope["app"].state.store_watch.refused_at = time.monotonic()
            await send(message)

        # The body is read here, whole and in time, before a route sees the request: a slow sender holds no thread.
        refusal = self._refusal(Request(scope))
        if refusal is None and scope["method"] not in _SAFE:
            try:
                async with asyncio.timeout(self.rules.body_seconds):
                    body = await _body(receive, self.rules.largest_body)
            except TimeoutError:
                body, refusal = b"", _late(self.rules.body_seconds)
            if body is None:
                refusal = answer(413, f"the body is larger than {self.rules.largest_body:,} bytes")
            else:
                receive = _again(body, receive)
        try:
            await (refusal or self.app)(scope, receive, sending)
        except Exception as error:
            if not begun:  # answered here, within these headers; the server logs what is raised again
                await unforeseen(Request(scope), error)(scope, receive, sending)
            raise

    def _refusal(self, request: Request) -> Response | None:
        return next((found for check in self._checks(request) if (found := check) is not None), None)

    def _checks(self, request: Request) -> Iterator[Response | None]:
        """Each check's answer, in order; later ones are looked at where earlier ones let the request pass."""
        # Host and origin come first: a page elsewhere must not learn from the answer whether a token is right.
        yield self._host(request)
        yield _origin(request)
        yield self._size(request)
        yield self._rate(request)
        yield self._token(request)

    def _host(self, request: Request) -> Response | None:
        if self.rules.allows_host(request.headers.get("host", "")):
            return None
        return answer(421, "this server does not have that host name; `sdgen serve --allow-host NAME` allows one")

    def _size(self, request: Request) -> Response | None:
        told = request.headers.get("content-length", "0")
        # The length is looked at first: turning very many digits into a number takes long.
        if told.isdecimal() and (len(told) > 15 or int(told) > self.rules.largest_body):
            return answer(413, f"the body is larger than {self.rules.largest_body:,} bytes")
        return None

    def _rate(self, request: Request) -> Response | None:
        if request.method in _SAFE:
            return None
        return _too_many(self.rules.changes.take(_caller(request)))

    def _token(self, request: Request) -> Response | None:
        path = request.url.path
        if not self.rules.token or path in OPEN or path.startswith(OPEN_UNDER):
            return None
        if self.rules.is_signed_in(request):
            return None
        is_page = request.method == "GET" and not path.startswith("/api/")
        if is_page and "token" not in request.query_params and "authorization" not in request.headers:
            # A browser without a cookie is shown the form, and no failure is counted against it.
            return RedirectResponse("/login", 303)
        wait = self.rules.failures.wait(_caller(request))
        if wait:  # before the token is compared: guessing stays slow even where the right one comes at last
            return _too_many(wait)
        if is_page and self.rules.is_token(request.query_params.get("token", "")):
            return signed_in(self.rules, request, _without_token(request))
        if "authorization" in request.headers or "token" in request.query_params:
            self.rules.failures.take(_caller(request))
        return answer(401, "a token is needed: Authorization: Bearer TOKEN", headers={"www-authenticate": "Bearer"})


def signed_in(rules: Rules, request: Request, to: str = "/") -> Response:
    """The way on, with the cookie of a signed-in browser."""
    response = RedirectResponse(to, 303)
    secure = request.url.scheme == "https"
    # Out of reach of scripts, and never sent along with what another site's page asks for.
    response.set_cookie(COOKIE, rules.cookie, httponly=True, samesite="strict", secure=secure, path="/")
    return response


def _without_token(request: Request) -> str:
    """The address asked for, without the token; the path of this server alone."""
    kept = [(name, value) for name, value in parse_qsl(request.url.query) if name != "token"]
    # Browsers take `//name` and `/\name` at the beginning for another server's address.
    return "/" + request.url.path.lstrip("/\\") + (f"?{urlencode(kept)}" if kept else "")


def _origin(request: Request) -> Response | None:
    """Refuse what a page of another origin asks to change; programs send neither header."""
    if request.method in _SAFE:
        return None
    origin = request.headers.get("origin")
    if origin is None:
        # Browsers that send no Origin tell by this header whose page asks.
        foreign = request.headers.get("sec-fetch-site", "none") not in _SAME
    else:
        # Compared with the name that was asked for, which `_host` has found to be this server's.
        foreign = urlsplit_netloc(origin) != request.headers.get("host", "").lower()
    return answer(403, "pages of other origins may not change anything here") if foreign else None


def urlsplit_netloc(origin: str) -> str:
    """The host and port of an origin; "" where it is none."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return ""
    return parts.netloc.lower() if parts.scheme in ("http", "https") else ""


def _late(seconds: float) -> Response:
    # The connection ends with it: the rest of the body would be taken for the next request.
    return answer(408, f"the body did not come within {seconds:g} s", headers={"connection": "close"})


def _too_many(wait: float) -> Response | None:
    if not wait:
        return None
    return answer(429, f"too many requests: wait {ceil(wait)} s", headers={"retry-after": str(ceil(wait))})


def _caller(request: Request) -> str:
    return request.client.host if request.client else ""


async def _body(receive: Receive, largest: int) -> bytes | None:
    """The whole body; None where it is larger than it may be."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b"".join(parts)
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > largest:
            return None
        if not message.get("more_body", False):
            return b"".join(parts)


class Heads:
    """HEAD wherever there is GET: the same status and headers, and no body."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return
        over = False

        async def gone() -> Message:
            """Who streams learns at once that nobody listens."""
            return {"type": "http.disconnect"}

        async def headers_alone(message: Message) -> None:
            nonlocal over
            if message["type"] == "http.response.start":
                await send(message)
            elif not over:
                over = True
                await send({"type": "http.response.body", "body": b"", "more_body": False})

        await self.app({**scope, "method": "GET"}, gone, headers_alone)


def _again(body: bytes, receive: Receive) -> Receive:
    """A receive that gives a body that was read already, and then goes on."""
    given = False

    async def receiving() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receiving


def _add_headers(message: Message, path: str) -> None:
    headers = MutableHeaders(scope=message)
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    if not path.startswith(OPEN_UNDER) and "cache-control" not in Headers(raw=message["headers"]):
        headers["cache-control"] = "no-store"


MOST_CALLERS = 10_000


class Limiter:
    """`burst` permits at once for each caller, and `per_second` new ones. For one thread."""

    def __init__(self, burst: int, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.burst = burst
        self.per_second = per_second
        self._clock = clock
        self._left: dict[str, tuple[float, float]] = {}  # by caller: permits left, and when that was counted

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
        if len(self._left) >= MOST_CALLERS:  # of many addresses each has a full burst anyway; memory must not grow
            self._left.clear()
        self._left[caller] = (left, self._clock())
