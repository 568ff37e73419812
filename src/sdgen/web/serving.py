"""`sdgen serve`: where to listen, what requests may name, and the server itself."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from sdgen.errors import Problem, SdgenError, StoreError
from sdgen.execution.access import MOST_PARTS, Access
from sdgen.service.run_queries import Retention
from sdgen.service.service import open_service
from sdgen.web.app import create_app
from sdgen.web.limits import MOST_COUNTED, PREVIEW_MEMORY, PREVIEW_SECONDS, RequestLimits
from sdgen.web.security import LOOPBACK

CLOSING_SECONDS = 5  # that open connections are given when the server ends
SHORTEST_TOKEN = 16  # characters


@dataclass(frozen=True)
class ServerOptions:
    """The options of `sdgen serve`."""

    host: str
    port: int
    scenarios_dir: str
    targets_dir: str
    runs_db: str
    token: str
    at_once: int
    files_dir: str
    allow_hosts: tuple[str, ...]
    allow_destinations: tuple[str, ...]
    allow_databases: tuple[str, ...]
    allow_secrets: tuple[str, ...]
    allow_engines: tuple[str, ...] = ()
    most_counted: int = MOST_COUNTED
    preview_memory: int = PREVIEW_MEMORY
    preview_seconds: float = PREVIEW_SECONDS
    keep: Retention | None = None


class _Server(uvicorn.Server):
    """A server that tells its event streams when it closes, so that it need not wait for them."""

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._sdgen = app

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # Before uvicorn waits for open connections: a stream of events would not end by itself.
        self._sdgen.state.closing = True
        super().handle_exit(sig, frame)


def serve(options: ServerOptions, say: Callable[[str], None]) -> None:
    """Serve until Ctrl-C or SIGTERM. SdgenError where it can't be begun."""
    _check(options)
    listening = _listen(options)
    try:
        _make_folder(options.files_dir)
        service = open_service(options.runs_db, options.scenarios_dir, options.targets_dir, access_of(options))
        try:
            hosts = (*options.allow_hosts, options.host)
            app = create_app(
                service,
                token=options.token,
                allowed_hosts=hosts,
                limit_at_once=options.at_once,
                most_counted=options.most_counted,
                limits=RequestLimits(options.preview_memory, options.preview_seconds),
                keep=options.keep,
            )
            say(f"sdgen serves at {url(options.host, listening.getsockname()[1])} (Ctrl-C ends it)")
            _run(app, listening)
        finally:
            service.close()
    finally:
        listening.close()


def access_of(options: ServerOptions) -> Access:
    """What requests may name: no paths, files under one folder, and destinations that are listed."""
    return Access(
        paths=False,
        folders=(Path(options.files_dir).absolute(),),
        destinations=options.allow_destinations,
        secrets=options.allow_secrets,
        databases=options.allow_databases or ("*",),
        engines=options.allow_engines,
        parts=MOST_PARTS,
    )


def url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def _check(options: ServerOptions) -> None:
    if options.host not in LOOPBACK and not options.token:
        hint = "give one with --token or SDGEN_TOKEN, or listen at 127.0.0.1"
        raise StoreError(Problem(("host",), f"{options.host} can be reached by others: a token is needed", hint))
    if options.token and len(options.token) < SHORTEST_TOKEN:
        what = f"the token is shorter than {SHORTEST_TOKEN} characters"
        raise StoreError(Problem(("token",), what, "`openssl rand -hex 24` makes one"))
    if not options.token.isascii() or any(letter.isspace() for letter in options.token):
        raise StoreError(Problem(("token",), "the token has letters that a header can't carry", "use letters, digits"))


def _make_folder(folder: str) -> None:
    """The folder for files, where runs are allowed to write: without it none of them could begin."""
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        what = f"the folder {folder} can't be made: {error.strerror}"
        raise StoreError(Problem(("files_dir",), what, "choose another with --files-dir")) from None


def _listen(options: ServerOptions) -> socket.socket:
    """The socket, before anything else is opened: a port in use is told at once."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(options.host, options.port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, protocol)
        if os.name != "nt":
            # A port that was in use a moment ago can be taken at once. On Windows this would let two servers share one.
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(256)
    except OSError as error:
        what = f"can't listen at {options.host}, port {options.port}: {error.strerror or error}"
        raise SdgenError(Problem((), what, "--port 0 takes one that is free")) from None
    return listening


def _run(app: FastAPI, listening: socket.socket) -> None:
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        # Headers of a proxy could be sent by anybody, who would then be another caller for each request.
        proxy_headers=False,
        http=TimedProtocol,
        timeout_graceful_shutdown=CLOSING_SECONDS,
    )
    try:
        _Server(config, app).run([listening])
    except KeyboardInterrupt:  # uvicorn raises the signal again, once it has ended
        return


HEAD_SECONDS = 10.0
_LATE = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class TimedProtocol(H11Protocol):
    """Closes a connection whose next request line and headers, or rest of a refused body, take too long."""

    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._is_between_requests():
            self._wait()
        else:
            self._stop_waiting()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def _is_between_requests(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _wait(self) -> None:
        """From the first byte on: further ones give no more time."""
        if self._late is None:
            self._late = self.loop.call_later(HEAD_SECONDS, self._close_late)

    def _stop_waiting(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _close_late(self) -> None:
        self._late = None
        if self._is_between_requests() and not self.transport.is_closing():
            # Before the first request an answer can be written. Later one could be taken for that of the next request.
            if self.cycle is None:
                self.transport.write(_LATE)
            self.transport.close()
