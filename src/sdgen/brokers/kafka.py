"""Kafka: `kafka://user:password@host:9092,host:9092/prefix`, a topic for each table: `prefix.orders`.

A run is one transaction, so that readers with isolation.level=read_committed see all of it or nothing. The query holds
librdkafka's own properties, such as security.protocol=SASL_SSL.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from hashlib import blake2b
from re import fullmatch
from typing import Any

from sdgen.brokers.base import HEADERS, BrokerAddress, Messages, library
from sdgen.databases.driver_errors import DriverErrors
from sdgen.errors import Problem, TargetError

_PORT = 9092
_PATIENCE = 60.0  # seconds
_TRIES = 4  # a second each
_LONGEST_TRANSACTION = 900_000  # milliseconds: what brokers allow where they are not told otherwise
_AT_ONCE = 50_000  # messages; librdkafka's queue holds 100,000
# Of librdkafka's properties those that a URL may hold: others load libraries, or are secrets that would be shown.
_PROPERTIES = (
    r"security\.protocol|sasl\.mechanisms?|ssl\.(?:ca|certificate|key)\.location|client\.id|acks|compression\.\w+"
    r"|(?:message|request)\.max\.bytes|(?:message|request|transaction|socket)\.timeout\.ms|linger\.ms|partitioner"
    r"|batch\.(?:size|num\.messages)|queue\.buffering\.max\.\w+|enable\.ssl\.certificate\.verification"
)
_HINTS: Mapping[str, str] = {
    "_ALL_BROKERS_DOWN": "is the server running, and is the URL right?",
    "_TRANSPORT": "is the server running, and is the URL right?",
    "_TIMED_OUT": "is the server there, and does a firewall let you through?",
    "_AUTHENTICATION": "are user, password and ?sasl.mechanisms=PLAIN (or SCRAM-SHA-256 …) right?",
    "_INVALID_ARG": "librdkafka's documentation tells which values a property may have",
    "TOPIC_AUTHORIZATION_FAILED": "the user may not write to this topic: ask who runs the server",
    "MSG_SIZE_TOO_LARGE": "raise max.message.bytes of the topic, and add ?message.max.bytes= of that size",
    "_FENCED": "another run writes to this prefix: wait for its end",
    "INVALID_TRANSACTION_TIMEOUT": "add ?transaction.timeout.ms= with at most the server's transaction.max.timeout.ms",
}


class KafkaPublisher:
    """A producer, and the transaction that it writes in unless the URL says transactional=false."""

    def __init__(self, url: str) -> None:
        self.address = BrokerAddress.of(url, _PORT)
        self._told = dict(self.address.query)
        self.transactional = self._told.pop("transactional", "true") != "false"
        self._properties = {**self._own(), **self._told}
        self._producer: Any = None
        self._missing: list[str] = []
        self._failure = ""
        self._down = False

    def _own(self) -> dict[str, Any]:
        address = self.address
        own: dict[str, Any] = {
            "bootstrap.servers": ",".join(address.servers),
            "enable.idempotence": True,
            "linger.ms": 20,
            "log_level": 0,  # what it would print is told by its exceptions
            "error_cb": self._heard,
        }
        if address.user:
            own |= {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanisms": "PLAIN"}
            own |= {"sasl.username": address.user, "sasl.password": address.password}
        if self.transactional:
            # Of the place and not of the run: the next run to it ends what a killed one left open.
            place = blake2b(f"{sorted(address.servers)}/{address.path}".encode(), digest_size=8).hexdigest()
            own |= {"transactional.id": f"sdgen-{place}", "transaction.timeout.ms": _LONGEST_TRANSACTION}
        return own

    def topic(self, table: str) -> str:
        return self.address.topic(table)

    def check(self, topics: Sequence[str]) -> list[Problem]:
        kafka = library("confluent_kafka", "kafka")
        what = "{!r} is no name of a topic: letters, digits, dots, dashes and underscores are, 249 at most"
        unknown = [name for name in self._told if not fullmatch(_PROPERTIES, name)]
        if unknown:
            hint = (
                "known: transactional, security.protocol, sasl.mechanisms, transaction.timeout.ms … (docs/brokers.md)"
            )
            return [Problem(("target",), f"unknown option {name!r}", hint) for name in unknown]
        wrong = [topic for topic in topics if not fullmatch(r"[A-Za-z0-9._-]{1,249}", topic)]
        if wrong:
            hint = "rename the table, or change the prefix"
            return [Problem(("target",), what.format(topic), hint) for topic in wrong]
        with self._translated("reached"):
            self._producer = kafka.Producer(self._properties)
            there = self._listed(kafka)
        self._missing = [topic for topic in topics if topic not in there or there[topic].error is not None]
        return []

    def _listed(self, kafka: Any) -> Mapping[str, Any]:
        """The topics that are there."""
        for left in reversed(range(_TRIES)):
            try:
                topics: Mapping[str, Any] = self._producer.list_topics(timeout=1).topics
                return topics
            except kafka.KafkaException:
                # By itself it would go on asking servers of which each has refused.
                if self._down or not left:
                    raise
        return {}

    def rows_there(self, topics: Sequence[str], run: str) -> Mapping[str, int]:
        return {}  # what a killed run has sent is of a transaction that is not committed

    def prepare(self, topics: Sequence[str], run: str) -> None:
        with self._translated("prepared"):
            self._make_topics()
            if self.transactional:
                self._producer.init_transactions(_PATIENCE)
                self._producer.begin_transaction()

    def _make_topics(self) -> None:
        if not self._missing:
            return
        admin_module = library("confluent_kafka.admin", "kafka")
        own = {"transactional.id", "transaction.timeout.ms", "enable.idempotence", "linger.ms"}
        admin = admin_module.AdminClient({name: each for name, each in self._properties.items() if name not in own})
        # -1: as many partitions and copies as the server gives where it is not told.
        topics = [admin_module.NewTopic(topic, num_partitions=-1, replication_factor=-1) for topic in self._missing]
        for made in admin.create_topics(topics, operation_timeout=_PATIENCE).values():
            made.result()

    def publish(self, topic: str, messages: Messages) -> None:
        table_name, row_name, run_name = HEADERS
        table, run = messages.table.encode(), messages.run.encode()
        with self._translated("written"):
            for start in range(0, len(messages), _AT_ONCE):
                part = messages.slice(start, _AT_ONCE)
                columns = zip(part.rows, part.keys.to_pylist(), part.values.to_pylist(), strict=True)
                # The library's call for many messages (2.16) leaves their headers out.
                for row, key, value in columns:
                    headers = [(table_name, table), (row_name, b"%d" % row), (run_name, run)]
                    self._producer.produce(topic, value, key or None, on_delivery=self._delivered, headers=headers)
                # Whatever is not with the broker by then is told of by `_delivered`.
                if self._producer.flush(_PATIENCE):
                    self._failure = self._failure or f"no answer for {_PATIENCE:g} s"
                self._raise()

    def _heard(self, error: Any) -> None:
        # Called while it tries servers, too: only what is fatal ends the run.
        self._down = self._down or error.name() in ("_ALL_BROKERS_DOWN", "_AUTHENTICATION")
        if error.fatal():
            self._failure = self._failure or error.str()

    def _delivered(self, error: Any, message: Any) -> None:
        if error is not None:
            self._failure = self._failure or f"{error.name()}: {error.str()}"

    def _raise(self) -> None:
        if self._failure:
            hint = next((hint for name, hint in _HINTS.items() if name in self._failure), "")
            raise TargetError(Problem(("target",), f"the server does not take messages: {self._failure}", hint))

    def commit(self) -> None:
        if self.transactional:
            with self._translated("written"):
                self._producer.commit_transaction(_PATIENCE)

    def close(self) -> None:
        producer, self._producer = self._producer, None
        if producer is None:
            return
        kafka = library("confluent_kafka", "kafka")
        if self.transactional:
            # Nothing is open after a commit, nor before `prepare`.
            with suppress(kafka.KafkaException):
                producer.abort_transaction(_PATIENCE)
        producer.purge()
        producer.flush(1)

    @contextmanager
    def _translated(self, done: str) -> Iterator[None]:
        kafka = library("confluent_kafka", "kafka")
        with self.address.translated(_errors(kafka), done, _HINTS):
            yield


def _errors(kafka: Any) -> DriverErrors:
    return DriverErrors({kafka.KafkaException: "", BufferError: "", ValueError: ""})
