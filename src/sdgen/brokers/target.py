"""A broker as a target: rows go out as messages, table after table, parents first.

Messages can't be taken back. So what is promised is at least once, and no double when a run that was killed is
repeated: the client tells how many of its first rows are there, and these are left out. Kafka has transactions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from sdgen.brokers import base
from sdgen.brokers.base import Messages, Publisher
from sdgen.errors import Problem
from sdgen.targets.base import Mode, Table


def _nats(url: str) -> Publisher:
    from sdgen.brokers.nats import NatsPublisher

    return NatsPublisher(url)


def _kafka(url: str) -> Publisher:
    from sdgen.brokers.kafka import KafkaPublisher

    return KafkaPublisher(url)


def _rabbitmq(url: str) -> Publisher:
    from sdgen.brokers.rabbitmq import RabbitPublisher

    return RabbitPublisher(url)


PUBLISHERS: Mapping[str, Callable[[str], Publisher]] = {"nats": _nats, "kafka": _kafka, "rabbitmq": _rabbitmq}


class Broker:
    """A broker that rows are published to. sent: messages of this run that can't be taken back."""

    takes_tables_at_once = False

    def __init__(self, publisher: Publisher) -> None:
        self.publisher = publisher
        self.run = ""
        self.sent = 0
        self.remarks: list[str] = []
        self._topics: list[str] = []
        self._there: Mapping[str, int] = {}

    def begin(self, manifest: Mapping[str, Any], resume: bool) -> None:
        self.run = base.run_name(manifest)

    def keep(self, table: Table, batches: int, digest: int, finished: bool = False) -> None:
        pass

    def check(self, tables: Sequence[Table], mode: Mode) -> list[Problem]:
        emptied = [each.name for each in tables if each.mode_in(mode) is Mode.TRUNCATE_THEN_INSERT]
        if emptied:
            what = f"messages of {', '.join(emptied)} can't be taken back, and truncate_then_insert would remove them"
            return [Problem(("target",), what, "purge them with the broker's own tools, and leave the mode out")]
        self._topics = [self.publisher.topic(table.name) for table in tables]
        problems = self.publisher.check(self._topics)
        if not problems:
            self._there = self.publisher.rows_there(self._topics, self.run)
            there = sum(self._there.values())
            self.remarks = [f"{there:,} messages of this run are there already, and are not sent again"] * bool(there)
        return problems

    def prepare(self, table: Table, mode: Mode) -> None:
        # For all tables at once, at the first of them.
        topics, self._topics = self._topics, []
        if topics:
            self.publisher.prepare(topics, self.run)

    def encode(self, table: Table, batch: pa.RecordBatch) -> tuple[pa.Array, pa.Array]:
        return base.encode(table, batch)

    def write(self, table: Table, parts: Iterable[tuple[pa.Array, pa.Array]]) -> None:
        topic, row = self.publisher.topic(table.name), 0
        there = self._there.get(topic, 0)
        for keys, values in parts:
            messages = Messages(table.name, self.run, row, keys, values)
            row += len(messages)
            left = messages.slice(min(max(there - messages.first, 0), len(messages)))
            if len(left):
                # Counted before: of a call that fails some may be with the broker.
                self.sent += 0 if self.publisher.transactional else len(left)
                self.publisher.publish(topic, left)

    def finish(self) -> None:
        self.publisher.commit()
        self.publisher.close()

    def abort(self) -> None:
        self.publisher.close()
