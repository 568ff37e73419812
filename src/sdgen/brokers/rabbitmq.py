"""RabbitMQ: `amqp://user:password@host:5672/vhost?prefix=shop`, a durable queue for each table: `shop.orders`.

`?exchange=NAME` publishes to an exchange that is there instead, with the same names as routing keys. Each batch is a
transaction of AMQP 0-9-1, and in it a message to a queue of the run's own tells how many rows are there.
"""

from __future__ import annotations

import logging
import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from typing import Any

from sdgen.brokers.base import HEADERS, BrokerAddress, Messages, library
from sdgen.databases.driver_errors import DriverErrors
from sdgen.errors import Problem

_PORTS = {"amqp": 5672, "amqps": 5671}
_OPTIONS = ("prefix", "exchange")
_LONGEST = 255  # bytes of a queue's name
_PERSISTENT = 2  # delivery mode


@cache
def _errors() -> DriverErrors:
    errors = library("pika.exceptions", "rabbitmq")
    user = "are user and password right? guest may only come from the server's own machine"
    return DriverErrors(
        {
            errors.AMQPError: "",
            errors.ProbableAuthenticationError: user,
            errors.AuthenticationError: user,
            errors.ProbableAccessDeniedError: "is there such a vhost, and may the user use it? %2F is the vhost /",
            errors.ConnectionClosedByBroker: "is there such a vhost, and may the user use it? %2F is the vhost /",
            OSError: "",
        }
    )


class RabbitPublisher:
    """A channel to RabbitMQ in the mode of transactions."""

    transactional = False

    def __init__(self, url: str) -> None:
        self.address = BrokerAddress.of(url, _PORTS[url.partition("://")[0].lower()])
        self.exchange = self.address.query.get("exchange", "")
        self._connection: Any = None
        self._channel: Any = None
        self._progress = ""
        self._done: dict[str, int] = {}

    def topic(self, table: str) -> str:
        return f"{self.address.query.get('prefix', '')}.{table}".removeprefix(".")

    def check(self, topics: Sequence[str]) -> list[Problem]:
        pika = library("pika", "rabbitmq")
        problems = self.address.problems(_OPTIONS)
        wrong = [topic for topic in topics if len(topic.encode()) > _LONGEST or topic.startswith("amq.")]
        what = "{!r} is no name of a queue: it has more than 255 bytes, or begins with amq."
        problems += [Problem(("target",), what.format(topic), "rename the table or the prefix") for topic in wrong]
        if problems:
            return problems
        # What it logs, several lines for each refusal, is told by its exceptions.
        logging.getLogger("pika").setLevel(logging.CRITICAL)
        with self.address.translated(_errors(), "reached"):
            self._connection = pika.BlockingConnection(self._parameters(pika))
            self._channel = self._connection.channel()
        return self._exchange_problems(pika)

    def _parameters(self, pika: Any) -> list[Any]:
        """One for each server: they are tried in turn."""
        address, secure = self.address, self.address.scheme == "amqps"
        user = pika.PlainCredentials(address.user or "guest", address.password or "guest")
        places = [each.rpartition(":") for each in address.servers]
        return [
            pika.ConnectionParameters(
                host,
                int(port),
                address.path or "/",
                user,
                ssl_options=pika.SSLOptions(ssl.create_default_context(), host) if secure else None,
                heartbeat=0,  # rows may take longer to be made than a heartbeat
            )
            for host, _, port in places
        ]

    def _exchange_problems(self, pika: Any) -> list[Problem]:
        try:
            if self.exchange:
                self._channel.exchange_declare(self.exchange, passive=True)
        except pika.exceptions.ChannelClosedByBroker:
            what, hint = f"there is no exchange {self.exchange}", "make it, or leave it out: a queue for each table"
            return [Problem(("target",), what, hint)]
        return []

    def rows_there(self, topics: Sequence[str], run: str) -> Mapping[str, int]:
        pika = library("pika", "rabbitmq")
        self._progress = f"sdgen.{run}"
        with self.address.translated(_errors(), "read"):
            try:
                _, header, _ = self._channel.basic_get(self._progress)
                self._channel.basic_recover(requeue=True)
            except pika.exceptions.ChannelClosedByBroker:  # there is no such queue
                self._channel, header = self._connection.channel(), None
        self._done = {name: int(rows) for name, rows in (header.headers or {}).items()} if header else {}
        return self._done

    def prepare(self, topics: Sequence[str], run: str) -> None:
        with self.address.translated(_errors(), "prepared"):
            for topic in topics if not self.exchange else ():
                self._declare(topic)
            # Of length 1: the message of a batch takes the place of the one before.
            self._channel.queue_declare(self._progress, durable=True, arguments={"x-max-length": 1})
            self._channel.tx_select()

    def _declare(self, queue: str) -> None:
        """Make a queue where there is none; one that is there may be of another kind."""
        pika = library("pika", "rabbitmq")
        try:
            self._channel.queue_declare(queue, passive=True)
        except pika.exceptions.ChannelClosedByBroker:
            self._channel = self._connection.channel()
            self._channel.queue_declare(queue, durable=True)

    def publish(self, topic: str, messages: Messages) -> None:
        properties, publish = library("pika", "rabbitmq").BasicProperties, self._channel.basic_publish
        table, run = messages.table, messages.run
        table_name, row_name, run_name = HEADERS
        columns = zip(messages.rows, messages.ids, messages.keys.to_pylist(), messages.values.to_pylist(), strict=True)
        with self.address.translated(_errors(), "written"):
            # The library has no call for many messages.
            for row, id, key, value in columns:
                headers = {table_name: table, row_name: row, run_name: run, "Sdgen-Key": key.decode()}
                told = properties("application/json", None, headers, _PERSISTENT, message_id=id, app_id="sdgen")
                publish(self.exchange, topic, value, told)
            self._done[topic] = messages.rows.stop
            publish("", self._progress, b"", properties(headers=self._done, delivery_mode=_PERSISTENT))
            self._channel.tx_commit()

    def commit(self) -> None:
        with self.address.translated(_errors(), "written"):
            self._channel.queue_delete(self._progress)

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(*_errors().classes):  # it may be closed already
                connection.close()
