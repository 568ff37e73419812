"""NATS JetStream: `nats://host:4222/prefix`, a subject for each table: `prefix.orders`.

Subjects must be of a stream, or `?stream=NAME` names one that is made where it is missing. A subject's last message
tells how far a killed run came; what was on its way then has the same Nats-Msg-Id, by which the server drops it.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from functools import cache
from typing import Any, TypeVar

from sdgen.brokers.base import HEADERS, BrokerAddress, Messages, library
from sdgen.databases.driver_errors import UNREACHED, DriverErrors
from sdgen.errors import Problem, TargetError

T = TypeVar("T")
_PORT = 4222
_OPTIONS = ("stream", "tls", "creds", "token")
_IN_FLIGHT = 8_192  # messages that wait for the server's word
_PATIENCE = 60.0  # seconds without a word
_CONNECT = 5
_ID = "Nats-Msg-Id"
_NO_JETSTREAM = "start the server with JetStream: nats-server -js"


@cache
def _errors() -> DriverErrors:
    errors = library("nats.errors", "nats")
    user = "are user and password right? nats://user:password@host, ?token=TOKEN or ?creds=FILE"
    return DriverErrors(
        {
            errors.Error: "",
            errors.AuthorizationError: user,
            errors.NoServersError: UNREACHED,
            errors.NoRespondersError: _NO_JETSTREAM,
            library("nats.js.errors", "nats").ServiceUnavailableError: _NO_JETSTREAM,
            errors.MaxPayloadError: "raise max_payload in the server's configuration, or leave long columns out",
            OSError: "",
            asyncio.TimeoutError: "",
        }
    )


class NatsPublisher:
    """A connection to NATS. Its library is asynchronous: a loop of its own runs while one of these methods does."""

    transactional = False

    def __init__(self, url: str) -> None:
        self.address = BrokerAddress.of(url, _PORT)
        self.stream = self.address.query.get("stream", "")
        self._runner: asyncio.Runner | None = None
        self._connection: Any = None
        self._acknowledged = _Acknowledged()

    def topic(self, table: str) -> str:
        return self.address.topic(table)

    def check(self, topics: Sequence[str]) -> list[Problem]:
        library("nats", "nats")
        problems = self.address.problems(_OPTIONS)
        for topic in topics:
            if not all(topic.split(".")) or any(mark.isspace() or mark in "*>" for mark in topic):
                what = f"{topic!r} is no subject: it has spaces, * or >, or nothing between two dots"
                problems.append(Problem(("target",), what, "rename the table, or change the prefix"))
        return problems or self._run(self._check(topics), "reached")

    async def _check(self, topics: Sequence[str]) -> list[Problem]:
        await self._connect()
        streams = {topic: await self._stream_of(topic) for topic in topics}
        if self.stream:
            what = f"the stream {self.stream} is not the one of {{}}, which is {{}}"
            wrong = [(topic, each) for topic, each in streams.items() if each not in ("", self.stream)]
            return [Problem(("target",), what.format(*each), "name that one, or change the prefix") for each in wrong]
        missing = [topic for topic, stream in streams.items() if not stream]
        what = f"no stream keeps the messages of {', '.join(missing)}"
        return [Problem(("target",), what, "add ?stream=NAME to the URL to have one made")] if missing else []

    async def _connect(self) -> None:
        nats = library("nats", "nats")
        address = self.address
        options: dict[str, Any] = {}
        if address.query.get("tls", "") not in ("", "false"):
            options["tls"] = ssl.create_default_context()
        if address.query.get("creds"):
            options["user_credentials"] = address.query["creds"]
        if address.query.get("token"):  # not before the host, where it would be shown as a user's name is
            options["token"] = address.query["token"]
        if address.user:
            options |= {"user": address.user, "password": address.password}

        async def told(error: Exception) -> None:
            self._acknowledged.failure = self._acknowledged.failure or str(error)

        servers = [f"nats://{each}" for each in address.servers]
        self._connection = await nats.connect(
            servers,
            connect_timeout=_CONNECT,
            allow_reconnect=False,
            max_reconnect_attempts=1,
            reconnect_time_wait=0.2,
            error_cb=told,
            **options,
        )
        self._acknowledged.failure = ""  # of a server that was tried before this one

    async def _stream_of(self, topic: str) -> str:
        """The name of the stream that keeps a subject; "" where none does."""
        from nats.js.errors import NotFoundError

        try:
            return str(await self._connection.jetstream().find_stream_name_by_subject(topic))
        except NotFoundError:
            return ""

    def rows_there(self, topics: Sequence[str], run: str) -> Mapping[str, int]:
        return self._run(self._rows_there(topics, run), "read")

    async def _rows_there(self, topics: Sequence[str], run: str) -> Mapping[str, int]:
        return {topic: await self._rows_of(topic, run) for topic in topics}

    async def _rows_of(self, topic: str, run: str) -> int:
        from nats.js.errors import NotFoundError

        stream = await self._stream_of(topic)
        try:
            last = await self._connection.jetstream().get_last_msg(stream, topic) if stream else None
        except NotFoundError:
            last = None
        headers = (last.headers or {}) if last else {}
        # Rows of a subject come in order: where the last one is of this run, so are all before it.
        return int(headers["Sdgen-Row"]) + 1 if headers.get("Sdgen-Run") == run else 0

    def prepare(self, topics: Sequence[str], run: str) -> None:
        self._run(self._prepare(topics), "prepared")

    async def _prepare(self, topics: Sequence[str]) -> None:
        await self._make_stream([topic for topic in topics if not await self._stream_of(topic)])
        self._acknowledged.inbox = self._connection.new_inbox()
        await self._connection.subscribe(
            f"{self._acknowledged.inbox}.*", cb=self._acknowledged.take, pending_msgs_limit=-1, pending_bytes_limit=-1
        )

    async def _make_stream(self, missing: Sequence[str]) -> None:
        if not missing:
            return
        from nats.js.errors import NotFoundError

        jetstream = self._connection.jetstream()
        try:
            config = (await jetstream.stream_info(self.stream)).config
            config.subjects = sorted({*(config.subjects or ()), *missing})
            await jetstream.update_stream(config)
        except NotFoundError:
            await jetstream.add_stream(name=self.stream, subjects=list(missing))

    def publish(self, topic: str, messages: Messages) -> None:
        for start in range(0, len(messages), _IN_FLIGHT):
            self._run(self._publish(topic, messages.slice(start, _IN_FLIGHT)), "written")

    async def _publish(self, topic: str, messages: Messages) -> None:
        acknowledged, publish = self._acknowledged, self._connection.publish
        reply, table, run = f"{acknowledged.inbox}.1", messages.table, messages.run
        table_name, row_name, run_name = HEADERS
        acknowledged.expect(len(messages))
        columns = zip(messages.rows, messages.ids, messages.keys.to_pylist(), messages.values.to_pylist(), strict=True)
        # The library has no call for many messages.
        for row, id, key, value in columns:
            headers = {_ID: id, table_name: table, row_name: str(row), run_name: run}
            if key:
                headers["Sdgen-Key"] = key.decode().replace("\r", " ").replace("\n", " ")
            await publish(topic, value, reply, headers)
        await self._connection.flush(_CONNECT * 4)
        await acknowledged.all()

    def commit(self) -> None:
        pass

    def close(self) -> None:
        connection, self._connection = self._connection, None
        runner, self._runner = self._runner, None
        if runner is None:
            return
        with runner, suppress(*_errors().classes):  # it may be closed already
            if connection is not None:
                runner.run(connection.close())

    def _run(self, work: Coroutine[Any, Any, T], done: str) -> T:
        if self._runner is None:
            self._runner = asyncio.Runner()
        with self.address.translated(_errors(), done):
            return self._runner.run(work)


class _Acknowledged:
    """Counts what the server says of messages. failure: the first that it, or the connection, complains of."""

    def __init__(self) -> None:
        self.inbox = ""
        self.failure = ""
        self._waiting = 0
        self._over = asyncio.Event()

    def expect(self, messages: int) -> None:
        self._waiting = messages
        self._over.clear()

    async def take(self, message: Any) -> None:
        if not message.data or b'"error"' in message.data:
            self.failure = self.failure or _complaint(message)
        self._waiting -= 1
        if self._waiting <= 0:
            self._over.set()

    async def all(self) -> None:
        """Wait for all of them; TargetError where one was refused, or the server has nothing to say any more."""
        before = -1
        while not self._over.is_set() and not self.failure:
            if self._waiting == before:
                self.failure = f"no answer for {_PATIENCE:g} s"
                break
            before = self._waiting
            try:
                await asyncio.wait_for(self._over.wait(), _PATIENCE)
            except TimeoutError:
                continue
        if self.failure:
            hint = "look at the stream's limits (nats stream info); the same run again goes on where it stopped"
            raise TargetError(Problem(("target",), f"the server does not take messages: {self.failure}", hint))


def _complaint(message: Any) -> str:
    if not message.data:
        return "no stream keeps them any more"
    error = json.loads(message.data)["error"]
    return f"{error.get('description', '')} ({error.get('err_code', error.get('code'))})"
