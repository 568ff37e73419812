"""expression: what it computes, what it refuses, and that its values don't depend on the batch."""

from __future__ import annotations

import pickle
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sdgen.errors import ScenarioError
from sdgen.generators.base import Dependency, Generator
from sdgen.generators.column_batch import ColumnBatch
from sdgen.generators.expressions import stages
from sdgen.generators.expressions.allowed import FUNCTIONS, WHY
from sdgen.generators.expressions.duckdb_engine import evaluate
from sdgen.generators.expressions.syntax import parse_expression
from sdgen.generators.registry import make
from sdgen.scenario.types import parse_type
from tests.generators.expressions.examples import EXAMPLES
from tests.generators.fake import FakeRows, facts

ONE_ROW = pa.table({"nothing": [0]})
COUNT = 500
COLUMNS = {
    "name": pa.array([f"Name {n}" if n % 7 else None for n in range(COUNT)]),
    "quantity": pa.array(range(COUNT), pa.int32()),
    "price": pa.array([n * 0.25 for n in range(COUNT)]),
    "status": pa.array(["paid", "void"] * (COUNT // 2)).dictionary_encode(),
    "id": pa.array([n.to_bytes(16, "big") for n in range(COUNT)], pa.binary(16)),
    "at": pa.array([datetime(2024, 1, 1, tzinfo=UTC)] * COUNT, pa.timestamp("us", "UTC")),
    "group": pa.array([n % 3 for n in range(COUNT)]),
}
TYPES = {"name": "text", "quantity": "int", "price": "double", "status": "enum(paid, void)", "id": "uuid",
         "at": "timestamptz", "group": "bigint"}  # fmt: skip


def made(sql: str, links: dict[str, str] | None = None) -> Generator:
    return make("expression", {"sql": sql}).resolved(links or {})


def computed(sql: str, numbers: Any = 5, links: dict[str, str] | None = None) -> list[Any]:
    generator = made(sql, links)
    rows = np.arange(numbers) if isinstance(numbers, int) else np.asarray(numbers, dtype=np.int64)
    parents = {link: FakeRows(rows[::-1].copy(), COLUMNS) for link in links or {}}
    array = generator.values(ColumnBatch(FakeRows(rows, COLUMNS, parents), facts(generator, "text")))
    assert isinstance(array, pa.Array)
    return array.to_pylist()


def faults(sql: str) -> list[str]:
    return [f"{fault.what} / {fault.hint}" for fault in made(sql).faults(facts(made(sql), "text"))]


@pytest.mark.parametrize(("sql", "type", "value"), EXAMPLES)
def test_examples(sql: str, type: str, value: object) -> None:
    parsed = parse_expression(sql)
    assert parsed.faults == ()
    assert stages.evaluate(parsed, ONE_ROW).to_pylist() == [value]
    assert str(stages.result_type(parsed, ONE_ROW)) == type


@pytest.mark.parametrize("sql", [example[0] for example in EXAMPLES])
def test_what_runs_means_what_was_written(sql: str) -> None:
    assert evaluate(f"({sql})", ONE_ROW).equals(evaluate(parse_expression(sql).sql, ONE_ROW))


def test_every_function_has_an_example() -> None:
    used = {name for sql, _, _ in EXAMPLES for name in re.findall(r"(\w+)\(", sql.lower())}
    assert not FUNCTIONS - used
    assert not FUNCTIONS & WHY.keys()


def test_columns_of_the_row_and_of_parents() -> None:
    assert computed("case when status = 'void' then 0 else quantity * price end") == [0.0, 0.0, 1.0, 0.0, 4.0]
    assert computed("lower(name) || '@' || quantity", 3) == [None, "name 1@1", "name 2@2"]
    assert computed("boss.quantity - quantity", 3, {"boss": "people"}) == [2, 0, -2]
    assert computed("people.quantity + boss.quantity", 3, {"boss": "people"}) == [4, 2, 0]
    assert computed('"group" + 1', 4) == [1, 2, 3, 1]
    assert computed("id = '00000000-0000-0000-0000-000000000002' and left(id, 2) = '00'", 3) == [False, False, True]
    assert computed("strftime(at + to_days(quantity), '%d')", 3) == ["01", "02", "03"]
    assert computed("1 + 1", 3) == [2, 2, 2]
    assert computed("name", []) == []


def test_needs_name_links_once_resolved() -> None:
    generator = made("customers.name || quantity || customer_id.name", {"customer_id": "customers"})
    assert set(generator.needs()) == {Dependency("name", "customer_id"), Dependency("quantity")}
    assert pickle.loads(pickle.dumps(generator)).needs() == generator.needs()


def test_unknown_and_ambiguous_parents() -> None:
    with pytest.raises(ValueError, match="did you mean 'customers'"):
        made("custmers.name", {"customer_id": "customers"})
    with pytest.raises(ValueError, match="2 links: write one of buyer, seller"):
        made("people.name", {"buyer": "people", "seller": "people"})
    with pytest.raises(ValueError, match="has no links"):
        made("people.name")


def natural(sql: str) -> str:
    generator = make("expression", {"sql": sql})
    return str(generator.natural_for({Dependency(name): parse_type(type) for name, type in TYPES.items()}))


@pytest.mark.parametrize(
    ("sql", "type"),
    [
        ("quantity * price", "double"),
        ("quantity * 2", "int"),
        ("cast(price as decimal(10, 2))", "decimal(10,2)"),
        ("at + to_days(1)", "timestamptz"),
        ("at::date", "date"),
        ("status || 'x'", "text"),
        ("id::uuid", "uuid"),
        ("[quantity]", "array<int>"),
        ("{'a': name}", "struct<a: text>"),
    ],
)
def test_types_follow_from_the_columns(sql: str, type: str) -> None:
    assert natural(sql) == type


def test_types_that_do_not_fit_are_told_before_anything_runs() -> None:
    with pytest.raises(ValueError, match="lower\\(INTEGER, DOUBLE\\)"):
        natural("lower(quantity, price)")
    with pytest.raises(ValueError, match="interval, which no column has"):
        natural("to_days(quantity)")
    with pytest.raises(LookupError):
        natural("nothing + 1")
    checked = make("expression", {"sql": "upper(quantity, 1)"})
    (fault,) = checked.check_types({Dependency("quantity"): parse_type("int")})
    assert fault.param == "sql"


def test_an_error_while_computing_names_column_and_expression() -> None:
    with pytest.raises(ScenarioError) as caught:
        computed("cast(name as int)", 3)
    assert "entities.things.columns.it" in str(caught.value)
    assert "cast(name as int)" in str(caught.value)
    assert "Name 1" in str(caught.value)
    assert computed("try_cast(name as int)", 3) == [None, None, None]
    assert computed("quantity / 0", 2) == [None, None]


MIXED = "concat(upper(name), quantity // 7, strftime(at, '%Y'), md5(status), round(price / 3, 2), boss.quantity)"


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.integers(0, COUNT - 1), min_size=1, max_size=60), st.data())
def test_any_order_and_split_gives_the_same(numbers: list[int], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(numbers)))
    sql = MIXED.replace("boss.quantity", "quantity")
    assert computed(sql, numbers) == computed(sql, numbers[:cut]) + computed(sql, numbers[cut:])


def test_threads_agree() -> None:
    sql = MIXED.replace("boss.quantity", "quantity")
    expected = computed(sql, COUNT)
    with ThreadPoolExecutor(4) as pool:
        assert all(got == expected for got in pool.map(lambda _: computed(sql, COUNT), range(16)))


REFUSED = [
    ("random()", "random() at character 1 can't be used: it differs from call to call"),
    ("1 + RANDOM()", "random() at character 5"),
    ("uuid()", "it differs from call to call"),
    ("nextval('s')", "it differs from call to call"),
    ("now()", "it reads the clock"),
    ("current_date", "it reads the clock"),
    ("current_timestamp", "it reads the clock"),
    ("today()", "it reads the clock"),
    ("age(at)", "it reads the clock"),
    ("gamma(price)", "differ between CPUs / use sqrt and multiplication"),
    ("lgamma(price)", "differ between CPUs"),
    ("repeat('x', 1000000000)", "memory is not bounded"),
    ("range(1000000000)", "memory is not bounded"),
    ("lpad(name, 1000000000, 'x')", "the length in lpad()"),
    ("rpad(name, quantity, 'x')", "the length in rpad()"),
    ("printf('%999999999d', 1)", "the format in printf()"),
    ("format('{:{}}', 1, 999999999)", "the format in format()"),
    ("printf(name, 1)", "the format in printf()"),
    ("(select 1)", "a subquery at character"),
    ("(select password from pg_catalog.pg_shadow)", "a subquery"),
    ("exists(select 1)", "a subquery"),
    ("quantity in (select 1)", "a subquery"),
    ("quantity = any(select 1)", "can't be used"),
    ("quantity in (from batch)", "can't be"),
    ("*", "a star"),
    ("people.*", "a star"),
    ("columns(*)", "can't be used"),
    ("unnest([1, 2])", "can't be used"),
    ("sum(quantity)", "computed over many rows"),
    ("count(*)", "computed over many rows"),
    ("row_number() over ()", "a window function"),
    ("sum(quantity) filter (where true)", "can't be used"),
    ("lower(distinct name)", "can't be used"),
    ("list_transform([1], x -> x + 1)", "a piece of program"),
    ("[x for x in [1, 2]]", "a piece of program"),
    ("read_csv('/etc/passwd')", "reads files"),
    ("read_text('/etc/passwd')", "reads files"),
    ("read_blob('/etc/passwd')", "reads files"),
    ("glob('/*')", "reads files"),
    ("getenv('HOME')", "reads files"),
    ("current_setting('threads')", "depends on the machine"),
    ("getvariable('x')", "depends on the machine"),
    ("version()", "depends on the machine"),
    ("query('select 1')", "not on the list"),
    ("query_table('x')", "not on the list"),
    ("pg_sleep(10)", "not on the list"),
    ("write_log('x')", "not on the list"),
    ("main.lower(name)", "can't be used"),
    ("pg_catalog.pg_typeof(name)", "can't be used"),
    ("name.lower()", "can't be used"),
    ('"random"()', "can't be used"),
    ("a.b.c", "too many parts"),
    ("at at time zone 'Europe/Berlin'", "time zones change"),
    ("name ~ 'x'", "write regexp_matches"),
    ("name collate nocase", "can't be used"),
    ("quantity::bignum", "the type"),
    ("name::struct(a int)", "can't be used"),
    ("lowr(name)", "did you mean 'lower'?"),
    ("$1", "can't be used"),
    ("?", "can't be used"),
    (":x", "can't be used"),
    ("#1", "can't be used"),
    ("copy people to '/tmp/x'", "can't be read"),
    ("attach '/tmp/x.db'", "can't be read"),
    ("install httpfs", "can't be read"),
    ("load httpfs", "can't be read"),
    ("pragma database_list", "can't be read"),
    ("set threads = 4", "can't be read"),
    ("select 1", "can't be read"),
    ("from people", "can't be"),
    ("1; drop table people", "can't be read"),
    ("1; select 1", "can't be read"),
    ("1) from people --", "can't be read"),
    ("1 as x, 2 as y", "can't be read"),
    ("1, 2", "can't be read"),
    ("1 from people", "can't be read"),
    ("name union select 1", "can't be read"),
    ("/* only a comment */", "can't be read"),
    ("'open", "can't be read"),
    ("name || ", "can't be read"),
    ("(((", "can't be read"),
]


@pytest.mark.parametrize(("sql", "words"), REFUSED)
def test_refused(sql: str, words: str) -> None:
    found = faults(sql)
    assert found
    assert words in found[0]
    assert parse_expression(sql).sql == ""


def test_comments_hide_nothing() -> None:
    assert computed("1 /* ) from read_csv('/etc/passwd') -- */ + 1", 1) == [2]
    assert "read_csv" not in parse_expression("1 -- read_csv('x')").sql
    assert faults("1 /* */ + /* */ random /* */ ()")
    assert faults("random\n(\n)")


LONG = [
    "(" * 1300 + "1" + ")" * 1300,
    "not " * 900 + "true",
    "- " * 1900 + "1",
    "~" * 3900 + "1",
    "1" + " + 1" * 900,
    "name" + " || name" * 400,
    "case when true then " * 150 + "1" + " end" * 150,
    "[" * 1900 + "1" + "]" * 1900,
    "name" + "[1]" * 900,
    "1" + "::int" * 700,
    "lower(" * 550 + "name" + ")" * 550,
    "{'a': " * 500 + "1" + "}" * 500,
    "if(" * 1300,
    "true" + " and true" * 400,
    "interval " * 400 + "1",
    "1 between " * 380 + "1",
]


@pytest.mark.parametrize("sql", LONG)
def test_very_long_and_very_deep(sql: str) -> None:
    started = time.perf_counter()
    assert faults(sql)
    assert time.perf_counter() - started < 5


def test_huge_text_is_refused_by_its_length() -> None:
    with pytest.raises(ValueError, match="4000"):
        make("expression", {"sql": "1 + " * 2000 + "1"})


def test_all_refusals_are_told_at_once() -> None:
    assert len(faults("random() + now() + gamma(1)")) == 3


PROBES = [
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM '/etc/passwd'",
    "COPY (SELECT 1) TO '/tmp/sdgen_probe.csv'",
    "ATTACH '/tmp/sdgen_probe.db'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET enable_external_access = true",
    "SET memory_limit = '100GB'",
    "RESET lock_configuration",
    "SELECT * FROM COLUMNS",
]


@pytest.mark.parametrize("statement", PROBES)
def test_even_unchecked_statements_reach_nothing(statement: str) -> None:
    import duckdb

    from sdgen.generators.expressions.duckdb_engine import _connection

    with pytest.raises(duckdb.Error):
        _connection().execute(statement).fetchall()


def nested(around: str, times: int) -> str:
    text = "name"
    for _ in range(times):
        text = around.replace("…", text)
    return text


@pytest.mark.parametrize(
    "sql",
    [
        nested("replace(…, 'a', '" + "a" * 200 + "')", 5),
        nested("regexp_replace(…, 'a', '" + "a" * 200 + "', 'g')", 5),
        nested("regexp_replace(…, '(a*)', '" + "\\1" * 100 + "', 'g')", 5),
        nested("format('" + "{0}" * 60 + "', …)", 5),
        nested("array_to_string(string_split(…, ''), '" + "a" * 200 + "')", 4),
        nested("to_json(…::text)", 20),
        nested("url_encode(…)", 20),
        nested("hex(…)", 25),
        "replace(replace(lpad(name, 10000, 'a'), 'a', lpad('', 10000, 'a')), 'a', lpad('', 10000, 'a'))",
    ],
)
def test_texts_that_would_outgrow_memory(sql: str) -> None:
    (found,) = faults(sql)
    assert "grow to more than half a gigabyte" in found


def test_texts_are_measured_again_when_they_are_there() -> None:
    sql = "replace(replace(name, 'a', name), 'a', name)"
    assert not faults(sql)
    generator = made(sql)
    rows = FakeRows(np.arange(2), {"name": pa.array(["a" * 20_000, "b"])})
    with pytest.raises(ScenarioError, match="half a gigabyte"):
        generator.values(ColumnBatch(rows, facts(generator, "text")))


def test_ordinary_replacements_are_no_danger() -> None:
    assert not faults("replace(replace(replace('Dear {a}, {b} {c}', '{a}', name), '{b}', name), '{c}', status)")
    assert not faults(nested("replace(…, ' ', '-')", 20))
    assert not faults("regexp_replace(regexp_replace(name, '(.*) (.*)', '\\2 \\1'), '[^a-z]+', '-', 'g')")


def test_neither_duckdb_nor_sqlglot_is_loaded_with_the_module() -> None:
    code = "import sys, sdgen.generators.expressions; print({'duckdb', 'sqlglot'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "set()"


@pytest.mark.parametrize("function", ["levenshtein", "damerau_levenshtein"])
def test_comparisons_of_long_texts_are_too_much_work(function: str) -> None:
    (found,) = faults(f"{function}(lpad(name, 10000, 'a'), rpad(name, 10000, 'b'))")
    assert "could take 1,600,000,000 steps a row, and 10,000,000 is the most" in found
    assert not faults(f"{function}(name, status)")
    generator = made(f"{function}(name, name)")
    rows = FakeRows(np.arange(1), {"name": pa.array(["a" * 4000])})
    with pytest.raises(ScenarioError, match="steps a row"):
        generator.values(ColumnBatch(rows, facts(generator, "bigint")))


def test_sizes_are_counted_through_every_function() -> None:
    """Not the longest text alone, but all that one row has in memory at once; casts of lists escape what they hold."""
    wide = "replace(name, 'a', lpad('', 10000, 'b'))"
    many = "concat(" + ", ".join(f"md5(replace(name, 'a', lpad('', 10000, '{n}')))" for n in range(40)) + ")"
    assert not faults(f"md5({wide})")
    assert "half a gigabyte" in faults(many)[0]
    assert "half a gigabyte" in faults(nested("([…]::text)", 20))[0]
    assert "half a gigabyte" in faults(nested("translate(…, 'a', 'ü')", 20))[0]


def test_large_values_are_computed_some_rows_at_a_time() -> None:
    sql = "md5(replace(name, 'a', lpad('', 5000, 'b'))) || lpad(name, 1000, ' ')"
    generator = made(sql)
    names = pa.array([f"{'a' * 30}{number}" for number in range(600)])
    whole = generator.values(ColumnBatch(FakeRows(np.arange(600), {"name": names}), facts(generator, "text")))
    one = generator.values(ColumnBatch(FakeRows(np.arange(1), {"name": names[599:]}), facts(generator, "text")))
    assert len(whole) == 600
    assert whole[599] == one[0]
    assert generator._parsed().row_size({"sdgen_0": 33}).rows_at_once < 2048  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "sql",
    [
        "json_array(json_object('a', name, 'b', json_array(json_object('ü\"', name, 'd', case when name > 'a' then name end))))",
        "case when name < 'b' then json_object('a', json_array(name, null, 1.5)) else json_array() end",
        "strftime(timestamp '2026-09-30 12:34:56.123456', '%c %A %B %p, %Y-%m-%dT%H:%M:%S.%f')",
        "printf('%.2f of %5d, %s: %s', 1e300, 7, name, name)",
        "json_array(printf('%s', name), strftime(date '2026-09-30', '%d %B'))",
    ],
)
def test_bounds_of_a_row_hold_without_being_so_wide_that_batches_are_cut(sql: str) -> None:
    generator = made(sql)
    names = pa.array(["\x01" * 40, '"' * 40, "ü" * 20, "plain"])
    rows = FakeRows(np.arange(4), {"name": names})
    values = generator.values(ColumnBatch(rows, facts(generator, "text")))
    size = generator._parsed().row_size({"sdgen_0": 40})  # type: ignore[attr-defined]
    assert max(len(value.encode()) for value in values.to_pylist()) <= size.text
    assert size.rows_at_once >= 2048


def test_values_that_take_more_than_a_gigabyte_are_told() -> None:
    generator = made("replace(lpad(name, 3000, 'a'), 'a', lpad('', 5000, 'b'))")
    rows = FakeRows(np.arange(200), {"name": pa.array(["a"] * 200)})
    with pytest.raises(ScenarioError, match="more than a gigabyte"):
        generator.values(ColumnBatch(rows, facts(generator, "text")))
