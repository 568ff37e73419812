"""What a broker is to a run: an address, the messages of a batch, and a client that publishes them.

A row is a message: its value the row as a JSON object, as in JSONL files; its key the primary key; its headers the
table, the row's number and the run. Its id is made of these three, so that it is the same whenever the run is repeated.
"""

from __future__ import annotations

import hashlib
import importlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import parse_qsl, unquote

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sdgen.databases.driver_errors import UNREACHED, DriverErrors
from sdgen.databases.urls import without_password, without_password_of
from sdgen.errors import Problem, TargetError
from sdgen.generators.arrays.encode_text import json_objects, json_text
from sdgen.targets.base import Table
from sdgen.targets.columnar import plain
from sdgen.targets.csv_encoding import plain_text

HEADERS = ("Sdgen-Table", "Sdgen-Row", "Sdgen-Run")


@dataclass(frozen=True)
class BrokerAddress:
    """A broker's URL: `scheme://user:password@host:port,host:port/path?name=value`.

    servers: host:port each, with the default port where none is given. path: what follows the hosts, decoded.
    """

    url: str = field(repr=False)
    scheme: str
    servers: tuple[str, ...]
    user: str
    password: str = field(repr=False)
    path: str
    query: Mapping[str, str] = field(repr=False)

    @classmethod
    def of(cls, url: str, port: int) -> BrokerAddress:
        """TargetError where the URL names no host, or a port that is none."""
        place, _, query = url.partition("?")
        scheme, _, rest = place.partition("://")
        hosts, _, path = rest.partition("/")
        credentials, _, hosts = hosts.rpartition("@")
        user, _, password = credentials.partition(":")
        servers = tuple(each if ":" in each else f"{each}:{port}" for each in hosts.split(",") if each)
        if not servers or not all(_is_port(each.rpartition(":")[2]) for each in servers):
            hint = f"{scheme}://user:password@host:{port}/{'vhost' if scheme.startswith('amqp') else 'prefix'}"
            raise TargetError(Problem(("target",), "the host or port of the URL can't be read", hint))
        pairs = dict(parse_qsl(query, keep_blank_values=True))
        return cls(url, scheme.lower(), servers, unquote(user), unquote(password), unquote(path).strip("/"), pairs)

    def problems(self, known: Sequence[str]) -> list[Problem]:
        """The names in the query that mean nothing here."""
        hint = "known: " + ", ".join(known)
        return [Problem(("target",), f"unknown option {name!r}", hint) for name in self.query if name not in known]

    def topic(self, table: str) -> str:
        """`prefix.table`, the prefix being the path of the URL."""
        return f"{self.path.replace('/', '.')}.{table}".removeprefix(".")

    @property
    def shown(self) -> str:
        return without_password(self.url)

    @contextmanager
    def translated(self, errors: DriverErrors, done: str, hints: Mapping[str, str] = {}) -> Iterator[None]:
        """What a client's library raises, as a TargetError. done: what was being done, such as "reached".

        hints: next steps by words of the library's message.
        """

        def problem(error: BaseException) -> Problem:
            text = without_password_of(self.url, " ".join(str(error).split()) or type(error).__name__)
            hint = next((hint for word, hint in hints.items() if word in text), "") or errors.hint(error, UNREACHED)
            return Problem(("target",), f"{self.shown} can't be {done}: {text}", hint)

        with errors.translated(problem):
            yield


def _is_port(text: str) -> bool:
    return text.isdecimal() and 0 < int(text) < 65_536


def library(module: str, extra: str) -> Any:
    """A client's library; TargetError where it is not installed."""
    try:
        return importlib.import_module(module)
    except ImportError:
        what = f"this broker needs the package {module.partition('.')[0].replace('_', '-')}"
        raise TargetError(Problem(("target",), what, f'pip install "sdgen[{extra}]"')) from None


def run_name(manifest: Mapping[str, Any]) -> str:
    """16 hex digits that tell a run from others: the same for one that is repeated, by another release of sdgen too."""
    told = {name: value for name, value in manifest.items() if name not in ("sdgen", "mode")}
    return hashlib.blake2b(json.dumps(told, sort_keys=True).encode(), digest_size=8).hexdigest()


@dataclass(frozen=True)
class Messages:
    """Rows as messages of one table, in row order. first: the number of the first, counted from 0 in this run."""

    table: str
    run: str
    first: int
    keys: pa.Array
    values: pa.Array

    def __len__(self) -> int:
        return len(self.values)

    def slice(self, start: int, length: int | None = None) -> Messages:
        keys, values = self.keys.slice(start, length), self.values.slice(start, length)
        return Messages(self.table, self.run, self.first + start, keys, values)

    @property
    def rows(self) -> range:
        return range(self.first, self.first + len(self))

    @property
    def ids(self) -> list[str]:
        """`run/table/row` of each."""
        rows = pa.array(np.arange(self.first, self.first + len(self))).cast(pa.string())
        texts: list[str] = pc.binary_join_element_wise(f"{self.run}/{self.table}/", rows, "").to_pylist()
        return texts


def encode(table: Table, batch: pa.RecordBatch) -> tuple[pa.Array, pa.Array]:
    """The keys and values of a batch's messages, as binary arrays."""
    triples = zip(table.columns, batch.columns, strict=True)
    members = [(column.name, json_text(array, column.type), column.optional) for column, array in triples]
    return _keys(table, batch).cast(pa.binary()), json_objects(members).cast(pa.binary())


def _keys(table: Table, batch: pa.RecordBatch) -> pa.Array:
    """The primary key: a column's text, or a JSON array of several; "" where there is none."""
    parts = [(table.column(name), batch.column(name)) for name in table.primary_key]
    if not parts:
        return pa.repeat("", len(batch))
    if len(parts) == 1:
        column, array = parts[0]
        return plain_text(plain(array), column.type)
    texts = [json_text(array, column.type).fill_null("null") for column, array in parts]
    return pc.binary_join_element_wise("[", pc.binary_join_element_wise(*texts, ","), "]", "")


class Publisher(Protocol):
    """A client of one broker. Everything happens on one thread; errors are TargetErrors.

    transactional: nothing is seen before `commit`, and nothing stays after `close` without it.
    """

    transactional: bool

    def topic(self, table: str) -> str:
        """The subject, topic or queue of a table."""
        ...

    def check(self, topics: Sequence[str]) -> list[Problem]:
        """Connect; why these can't be published to. Nothing is changed."""
        ...

    def rows_there(self, topics: Sequence[str], run: str) -> Mapping[str, int]:
        """By topic, how many of a run's first rows are there already. After `check`, and nothing is changed."""
        ...

    def prepare(self, topics: Sequence[str], run: str) -> None:
        """Make what is missing."""
        ...

    def publish(self, topic: str, messages: Messages) -> None:
        """Send messages, in order. They are the broker's when it returns, or at `commit`."""
        ...

    def commit(self) -> None: ...

    def close(self) -> None:
        """Hang up; may be called more than once, and without `check`."""
        ...
