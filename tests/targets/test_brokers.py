"""Rows as messages: to a NATS server, to RabbitMQ, and to the broker that Kafka's own client brings for tests."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import sdgen
from sdgen.brokers.base import BrokerAddress, Messages, encode
from sdgen.errors import TargetError
from sdgen.execution.destinations import open_target
from sdgen.execution.execute import execute
from sdgen.execution.target_kinds import kind_of
from sdgen.scenario.types import parse_type
from sdgen.targets.base import Mode, Table, TableColumn
from tests.targets import brokers
from tests.targets.brokers import BrokerServer
from tests.targets.made import batch, every_type

Message = tuple[str, dict[str, Any], dict[str, Any], str]  # key, value, headers, id


def document(calls: int = 7) -> dict[str, Any]:
    """A scenario of three ports, and so many calls of each."""
    ports = {
        "id": {"type": "int", "sequence": {}, "primary_key": True},
        "name": {"type": "string", "choice": ["Ålesund", 'Saint "Malo"', "Cádiz"]},
    }
    told = {
        "port_id": {"type": "int", "fk": {"entity": "ports", "column": "id"}, "primary_key": True},
        "number": {"type": "int", "sequence": {}, "primary_key": True},
        "arrived": {"type": "timestamptz", "datetime": {}},
        "tons": {"type": "decimal(8,2)", "null_rate": 0.2, "uniform_float": {"min": 1, "max": 900}},
    }
    each = {"per": "ports", "count": calls}
    counted = {"rows": each, "columns": told}
    return {"as_of": "2026-03-01", "entities": {"ports": {"rows": 3, "columns": ports}, "calls": counted}}


def scenario(calls: int = 7) -> sdgen.Scenario:
    return sdgen.read(document(calls))


def expected(calls: int = 7) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = sdgen.generate(scenario(calls), seed=5)["calls"].to_pylist()
    return rows


def write(url: str, calls: int = 7, **options: Any) -> Any:
    return sdgen.write(scenario(calls), url, seed=5, **options)


# ---- the envelope


def test_a_row_is_a_json_object_with_its_key_and_an_id() -> None:
    table, data = every_type(9)
    keys, values = encode(table, batch(table, data))
    assert [key.decode() for key in keys.to_pylist()] == [str(row["key"]) for row in data]
    parsed = [json.loads(value) for value in values.to_pylist()]
    assert [row["c8 of"] for row in parsed] == [row["c8 of"] for row in data]
    part = Messages("every type", "0" * 16, 65_536, keys, values).slice(2, 3)
    assert part.ids == [f"{'0' * 16}/every type/{65_536 + row}" for row in (2, 3, 4)]


@pytest.mark.parametrize(
    ("key", "keys"),
    [((), [None, None]), (("a",), ["1", "2"]), (("a", "b"), ['[1,"x\\"y"]', '[2,"ü"]'])],
)
def test_keys(key: tuple[str, ...], keys: list[str | None]) -> None:
    columns = (TableColumn("a", parse_type("int"), False), TableColumn("b", parse_type("text"), False))
    data = pa.record_batch({"a": pa.array([1, 2], pa.int32()), "b": ['x"y', "ü"]})
    made, _ = encode(Table("t", "t", columns, 2, key), data)
    assert [each.decode() or None for each in made.to_pylist()] == keys


def test_addresses() -> None:
    address = BrokerAddress.of("kafka://me:a%2Fb@one,two:9000/shop/eu?acks=all", 9092)
    assert address.servers == ("one:9092", "two:9000")
    assert (address.user, address.password, address.path, address.query) == ("me", "a/b", "shop/eu", {"acks": "all"})
    assert "a%2Fb" not in address.shown
    kinds = [kind_of(f"{scheme}://host/x") for scheme in ("nats", "kafka", "amqp", "AMQPS")]
    assert kinds == ["nats", "kafka", "rabbitmq", "rabbitmq"]


@pytest.mark.parametrize(
    ("url", "options", "words"),
    [
        ("nats://host:port/x", {}, "the host or port of the URL can't be read"),
        ("kafka:///x", {}, "the host or port of the URL can't be read"),
        ("nats://host/x", {"formats": "csv"}, "a message is a JSON object"),
        ("natss://host/x", {}, "did you mean 'nats'"),
        ("nats://127.0.0.1:1/x", {"mode": "truncate_then_insert"}, "messages of ports, calls can't be taken back"),
    ],
)
def test_wrong_destinations(url: str, options: dict[str, Any], words: str) -> None:
    with pytest.raises(TargetError, match=words):
        write(url, **options)


def test_nothing_is_read_back() -> None:
    with pytest.raises(TargetError, match="can't be read back"):
        sdgen.verify(scenario(), "nats://host/x")


# ---- NATS


@pytest.fixture(scope="module")
def jetstream() -> Iterator[BrokerServer]:
    pytest.importorskip("nats")
    if not brokers.installed("nats-server"):
        pytest.skip("nats-server is not installed")
    with brokers.nats("-js", "--user", "me", "--pass", "s/cret") as server:
        yield server


def in_stream(server: BrokerServer, subject: str, drop: bool = False) -> list[Message]:
    """The messages of a subject, in order."""
    import nats

    async def read() -> list[Message]:
        client = await nats.connect(f"nats://127.0.0.1:{server.port}", user="me", password="s/cret")
        js = client.jetstream()
        stream = await js.find_stream_name_by_subject(subject)
        state = (await js.stream_info(stream)).state
        found = [await js.get_msg(stream, number) for number in range(state.first_seq, state.last_seq + 1)]
        await client.close()
        return [message_of(each.data, each.headers) for each in found if each.subject == subject]

    def message_of(data: bytes, headers: dict[str, str]) -> Message:
        return headers.pop("Sdgen-Key"), json.loads(data), headers, headers.pop("Nats-Msg-Id")

    return asyncio.run(read())


def test_nats_keeps_every_row_once(jetstream: BrokerServer) -> None:
    url = f"nats://me:s%2Fcret@127.0.0.1:{jetstream.port}/harbour/eu?stream=HARBOUR"
    result = write(url)
    found = in_stream(jetstream, "harbour.eu.calls")
    assert len(found) == 21
    _, value, headers, id = found[0]
    rows = expected()
    assert [json.loads(key) for key, *_ in found] == [[row["port_id"], row["number"]] for row in rows]
    assert value["arrived"] == rows[0]["arrived"].isoformat().replace("+00:00", "Z")
    assert headers["Sdgen-Table"] == "calls"
    assert [row["Sdgen-Row"] for _, _, row, _ in found] == [str(row) for row in range(21)]
    assert id == f"{headers['Sdgen-Run']}/calls/0"
    again = write(url)
    assert [each.digest for each in again.entities] == [each.digest for each in result.entities]
    assert len(in_stream(jetstream, "harbour.eu.calls")) == 21, "the same run again leaves no double"
    write(url, calls=2)
    assert len(in_stream(jetstream, "harbour.eu.calls")) == 27, "another run adds to it"


def test_nats_tells_what_is_wrong(jetstream: BrokerServer) -> None:
    place = f"127.0.0.1:{jetstream.port}"
    for url, words in [
        (f"nats://me:wrong@{place}/x?stream=X", "Authorization"),
        (f"nats://me:s%2Fcret@{place}/x", "no stream keeps the messages of x.ports, x.calls"),
        (f"nats://me:s%2Fcret@{place}/x?strem=X", "unknown option 'strem'"),
        (f"nats://me:s%2Fcret@{place}/a b?stream=X", "'a b.ports' is no subject"),
        (f"nats://me:s%2Fcret@127.0.0.1:{brokers.free_port()}/x?stream=X", "is the server running"),
    ]:
        with pytest.raises(TargetError, match=words) as raised:
            write(url)
        assert "cret" not in str(raised.value)
    write(f"nats://me:s%2Fcret@{place}/quay?stream=QUAY")
    with pytest.raises(TargetError, match=r"the stream DOCK is not the one of quay\.ports, which is QUAY"):
        write(f"nats://me:s%2Fcret@{place}/quay?stream=DOCK")


def test_nats_without_jetstream_and_full_streams() -> None:
    nats = pytest.importorskip("nats")
    if not brokers.installed("nats-server"):
        pytest.skip("nats-server is not installed")
    with brokers.nats("--auth", "s3cret-token") as server:
        for token, words in [("s3cret-token", "nats-server -js"), ("another-token", "Authorization")]:
            with pytest.raises(TargetError, match=words) as raised:
                write(f"nats://127.0.0.1:{server.port}/x?stream=X&token={token}")
            assert token not in str(raised.value)

    async def small(port: int) -> None:
        client = await nats.connect(f"nats://127.0.0.1:{port}")
        config = nats.js.api.StreamConfig(name="S", subjects=["x.>"], max_msgs=10, discard="new")
        await client.jetstream().add_stream(config)
        await client.close()

    with brokers.nats("-js") as server:
        asyncio.run(small(server.port))
        target = open_target(f"nats://127.0.0.1:{server.port}/x")
        with pytest.raises(TargetError, match="does not take messages: maximum messages exceeded"):
            execute(sdgen.plan(scenario(), seed=5), target)


def killed_and_repeated(url: str, count: Callable[[], int], rows: int) -> None:
    """Kill a run when some of its messages are there; do it again; every row is there once."""
    words = "import json, sys, sdgen; sdgen.write(json.loads(sys.argv[1]), sys.argv[2], seed=5, batch_size=1000)"
    with subprocess.Popen([sys.executable, "-c", words, json.dumps(document(rows // 3)), url]) as run:
        until = time.monotonic() + 60
        while count() < 1_000 and time.monotonic() < until:
            assert run.poll() is None
            time.sleep(0.01)
        run.send_signal(signal.SIGKILL)
    assert 0 < count() < rows
    write(url, rows // 3, batch_size=1_000)
    assert count() == rows


def test_nats_after_a_kill(jetstream: BrokerServer) -> None:
    import nats

    async def messages() -> int:
        client = await nats.connect(f"nats://127.0.0.1:{jetstream.port}", user="me", password="s/cret")
        try:
            info = await client.jetstream().stream_info("KILLED", subjects_filter="k.calls")
            return int((info.state.subjects or {}).get("k.calls", 0))
        except nats.js.errors.NotFoundError:
            return 0
        finally:
            await client.close()

    url = f"nats://me:s%2Fcret@127.0.0.1:{jetstream.port}/k?stream=KILLED"
    killed_and_repeated(url, lambda: asyncio.run(messages()), 15_000)


# ---- RabbitMQ


@pytest.fixture(scope="module")
def rabbit() -> Iterator[BrokerServer]:
    pytest.importorskip("pika")
    if not brokers.installed("rabbitmq-server"):
        pytest.skip("rabbitmq-server is not installed")
    with brokers.rabbitmq() as server:
        yield server


def in_queue(server: BrokerServer, queue: str) -> list[Message]:
    import pika

    with pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", server.port)) as connection:
        channel = connection.channel()
        found = []
        while (got := channel.basic_get(queue))[0] is not None:
            _, told, body = got
            assert (told.content_type, told.delivery_mode) == ("application/json", 2)
            found.append((told.headers.pop("Sdgen-Key"), json.loads(body), told.headers, told.message_id))
        return found  # what is not acknowledged goes back when the connection is closed


def test_rabbitmq(rabbit: BrokerServer) -> None:
    import pika

    place = f"127.0.0.1:{rabbit.port}"
    write(f"amqp://{place}?prefix=harbour")
    found = in_queue(rabbit, "harbour.calls")
    assert [json.loads(key) for key, *_ in found] == [[row["port_id"], row["number"]] for row in expected()]
    assert [headers["Sdgen-Row"] for _, _, headers, _ in found] == list(range(21))
    assert len({id for *_, id in found}) == 21
    for url, words in [
        (f"amqp://guest:wrong@{place}", "are user and password right"),
        (f"amqp://{place}/nowhere", "is there such a vhost"),
        (f"amqp://{place}?exchange=none", "there is no exchange none"),
        (f"amqp://127.0.0.1:{brokers.free_port()}", "is the server running"),
        (f"amqp://{place}?prefix=amq", "'amq.ports' is no name of a queue"),
    ]:
        with pytest.raises(TargetError, match=words):
            write(url)

    def messages() -> int:
        with pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", rabbit.port)) as connection:
            try:
                return int(connection.channel().queue_declare("k.calls", passive=True).method.message_count)
            except pika.exceptions.ChannelClosedByBroker:
                return 0

    killed_and_repeated(f"amqp://{place}?prefix=k", messages, 15_000)


# ---- Kafka: a stand-in


@pytest.fixture(scope="module")
def kafka() -> Iterator[str]:
    module = pytest.importorskip("confluent_kafka")
    producer = module.Producer({"test.mock.num.brokers": 1, "log_level": 0})
    # It makes topics that are asked for, and has no answer to a client that wants to make some.
    for topic in ("harbour0", "harbour20", "x"):
        for table in ("ports", "calls"):
            producer.list_topics(f"{topic}.{table}", timeout=10)
    producer.list_topics("failing.t", timeout=10)
    server = next(iter(producer.list_topics(timeout=10).brokers.values()))
    yield f"{server.host}:{server.port}"
    producer.flush(1)


def in_topics(server: str, topics: Sequence[str], rows: int) -> list[Any]:
    from confluent_kafka import Consumer

    own = {"bootstrap.servers": server, "group.id": topics[0], "auto.offset.reset": "earliest", "log_level": 0}
    consumer = Consumer(own)
    consumer.subscribe(list(topics))
    found: list[Any] = []
    until = time.monotonic() + 30
    while len(found) < rows and time.monotonic() < until:
        found += [each for each in consumer.consume(100, 0.2) if each.error() is None]
    consumer.close()
    return found


@pytest.mark.parametrize("query", ["", "&transactional=false"])
def test_kafka(kafka: str, query: str) -> None:
    topic = f"harbour{20 * bool(query)}"
    write(f"kafka://{kafka}/{topic}?linger.ms=5{query}")
    found = in_topics(kafka, [f"{topic}.calls"], 21)
    told = {int(dict(each.headers())["Sdgen-Row"]): each for each in found}
    assert len(found) == 21
    for number, row in enumerate(expected()):
        assert json.loads(told[number].key()) == [row["port_id"], row["number"]]
        assert json.loads(told[number].value())["number"] == row["number"]


def test_kafka_tells_what_is_wrong(kafka: str) -> None:
    for url, words in [
        (f"kafka://127.0.0.1:{brokers.free_port()}/x", "is the server running"),
        (f"kafka://{kafka}/a b", "'a b.ports' is no name of a topic"),
        (f"kafka://{kafka}/x?plugin.library.paths=/tmp/x.so", r"unknown option 'plugin\.library\.paths'"),
        (f"kafka://{kafka}/x?acks=some", "(?s)acks.*which values a property may have"),
    ]:
        with pytest.raises(TargetError, match=words):
            write(url)


def test_kafka_rows_of_a_failed_run_are_not_committed(kafka: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from sdgen.brokers.kafka import KafkaPublisher

    ended: list[str] = []
    monkeypatch.setattr(KafkaPublisher, "commit", lambda self: ended.append("commit"))
    target = open_target(f"kafka://{kafka}/failing")
    target.begin({"seed": 1}, False)  # type: ignore[attr-defined]
    table, data = every_type(5)
    table = Table("t", "t", table.columns, 5, table.primary_key)
    assert target.check([table], Mode.CREATE_IF_MISSING) == []
    target.prepare(table, Mode.CREATE_IF_MISSING)
    target.write(table, [target.encode(table, batch(table, data))])
    assert target.sent == 0  # type: ignore[attr-defined]
    target.abort()
    target.abort()
    assert not ended


@pytest.mark.parametrize(
    ("module", "url"), [("nats", "nats://h/x"), ("confluent_kafka", "kafka://h/x"), ("pika", "amqp://h")]
)
def test_a_missing_library_is_told(module: str, url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(TargetError, match=r'pip install "sdgen\[(nats|kafka|rabbitmq)\]"'):
        write(url)
