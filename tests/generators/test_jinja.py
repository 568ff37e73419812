"""jinja: what templates can say, their draws, and what a hostile one may not do."""

from __future__ import annotations

import pickle
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import jinja2.defaults
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sdgen
from sdgen.engine import batches as engine_batches
from sdgen.errors import Cancelled, ScenarioError
from sdgen.generators.base import Dependency
from sdgen.generators.column_batch import ColumnBatch
from sdgen.generators.jinja import Jinja
from sdgen.generators.jinja.sandbox import FILTERS, TESTS
from sdgen.generators.registry import make
from tests.generators.fake import FakeRows, facts

COUNT = 200
COLUMNS = {
    "name": pa.array(["Zoë", "ada lovelace", None, "Jean-Luc "] * 50),
    "city": pa.array(["São Paulo", "Łódź", "Straße 7!", None] * 50).dictionary_encode(),
    "id": pa.array([n.to_bytes(16, "big") for n in range(COUNT)], pa.binary(16)),
    "number": pa.array(range(COUNT), pa.int32()),
    "half": pa.array([n / 2 for n in range(COUNT)]),
    "total": pa.array([Decimal(n) / 4 for n in range(COUNT)], pa.decimal128(10, 2)),
    "open": pa.array([True, False] * 100),
    "at": pa.array([datetime(2024, 2, 29, 23, 59, 58, 123_456)] * COUNT, pa.timestamp("us")),
    "zoned": pa.array([datetime(2024, 2, 29, 23, 0, tzinfo=UTC)] * COUNT, pa.timestamp("us", "UTC")),
    "day": pa.array([date(1960, 1, 5)] * COUNT),
    "tags": pa.array([["a", None, "ü"]] * COUNT),
    "place": pa.array([{"city": "Rome", "zip": 7}] * COUNT),
}
POOLS = {"colours": ["red", "{pale|deep} blue", "green"], "fruits": [f"fruit {n}" for n in range(40)]}


def made(template: str = "", links: Mapping[str, str] | None = None, **params: Any) -> Jinja:
    given = {"template": template, **params} if template else params
    generator = make("jinja", {"pools": POOLS, **given}).resolved(links or {})
    assert isinstance(generator, Jinja)
    return generator


def texts(template: str = "", numbers: Any = 4, links: Mapping[str, str] | None = None, **params: Any) -> list[Any]:
    rows = np.arange(numbers) if isinstance(numbers, int) else np.asarray(numbers, dtype=np.int64)
    parents = {link: FakeRows(rows[::-1].copy(), COLUMNS) for link in links or {}}
    generator = made(template, links, **params)
    array = generator.values(ColumnBatch(FakeRows(rows, COLUMNS, parents), facts(generator)))
    assert array.type == pa.string()
    return array.to_pylist()


def one(template: str) -> str:
    (text,) = texts(template, 1)
    return str(text)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("plain { text }\n", "plain { text }"),
        ("{{ number }} {{ half }} {{ total }} {{ open }} {{ row }}", "0 0.0 0.00 true 1"),
        ("{{ at }} / {{ zoned }} / {{ day }}", "2024-02-29 23:59:58.123456 / 2024-02-29 23:00:00+00:00 / 1960-01-05"),
        ("{{ id }}", "00000000-0000-0000-0000-000000000000"),
        ("{{ tags }} {{ place }} {{ place.city }} {{ tags[0] }}", '["a", null, "ü"] {"city": "Rome", "zip": 7} Rome a'),
        ("{{ name|upper }} {{ city|slug }} {{ 7|pad(3) }} {{ at|date('%Y-%m') }}", "ZOË sao-paulo 007 2024-02"),
        ("{% if number > 3 %}many{% elif open %}open{% else %}few{% endif %}", "open"),
        ("{% for tag in tags if tag %}{{ loop.index }}{{ tag }}{{ '' if loop.last else ', ' }}{% endfor %}", "1a, 2ü"),
        ("{% set n = number + 2 %}{% with m = n * 3 %}{{ m }} {{ n ~ m ~ none }}{% endwith %}", "6 26"),
        ("{{ 'a' if open else 'b' }}{{ none }}{{ nothing|default('-') if false else '' }}", "a"),
        ("{{ range(1, 4)|join('+') }} = {{ range(4)|sum }}; {{ 7 % 4 }} {{ 2 ** 10 }} {{ '-' * 3 }}", "1+2+3 = 6; 3 1024 ---"),
        ("{{ at.year }} {{ at.date() }} {{ (at - at).days }} {{ name.startswith('Z') }}", "2024 2024-02-29 0 true"),
        ("{{ '%05.1f|%s|%x' | format(2.25, none, 255) }} {{ 'a-b'.split('-') }}", '002.2||ff ["a", "b"]'),
        ("{{ [1, 2] + [3] }} {{ {'a': [1]} }} {{ {'b': 1, 'a': 2}|dictsort }}", '[1, 2, 3] {"a": [1]} [["a", 2], ["b", 1]]'),
        ("{{ colours }} {{ pools.colours|length }} {{ pools['fruits'][1] }}", '["red", "pale blue", "deep blue", "green"] 4 fruit 1'),
        ("{% raw %}{{ x }}{% endraw %}{# a comment #}", "{{ x }}"),
        ("<b> & {{ '<i>' }}", "<b> & <i>"),
    ],
)  # fmt: skip
def test_texts(template: str, expected: str) -> None:
    if "nothing" in template:
        template = template.replace("nothing", "place.nothing")
    assert one(template) == expected


FILTERED = {
    "abs": ("-3|abs", "3"),
    "capitalize": ("'éLAN vital'|capitalize", "Élan vital"),
    "count": ("[1, 2]|count", "2"),
    "d": ("none|d('x', true)", "x"),
    "date": ("day|date('%d.%m.%y')", "05.01.60"),
    "default": ("place.none_such|default('x')", "x"),
    "dictsort": ("{'b': 1, 'A': 2}|dictsort", '[["A", 2], ["b", 1]]'),
    "first": ("tags|first", "a"),
    "float": ("'2.50'|float", "2.5"),
    "format": ("'%s=%d'|format('a', 3.7)", "a=3"),
    "int": ("'0x1f'|int(0, 16) ~ 'x'|int", "310"),
    "items": ("{'a': 1}|items", '[["a", 1]]'),
    "join": ("[1, none, true]|join('-')", "1--true"),
    "last": ("tags|last", "ü"),
    "length": ("'ü'|length", "1"),
    "list": ("'ab'|list", '["a", "b"]'),
    "lower": ("'ÅSA İ'|lower", "åsa i̇"),
    "map": ("[place]|map(attribute='zip')|list ~ ['a']|map('upper')|join", "[7]A"),
    "max": ("[1, 3, 2]|max", "3"),
    "min": ("['b', 'A']|min", "A"),
    "pad": ("42|pad(5)", "00042"),
    "reject": ("[1, 2]|reject('odd')|list", "[2]"),
    "rejectattr": ("[place]|rejectattr('zip', 'eq', 7)|list", "[]"),
    "replace": ("'aaa'|replace('a', 'bc', 2)", "bcbca"),
    "reverse": ("[1, 2]|reverse|list ~ 'ab'|reverse", "[2, 1]ba"),
    "round": ("2.675|round(2) ~ ' ' ~ 2.5|round ~ ' ' ~ 2.1|round(0, 'ceil')", "2.67 2.0 3.0"),
    "select": ("[1, 2]|select('gt', 1)|list", "[2]"),
    "selectattr": ("[place]|selectattr('zip')|list|length", "1"),
    "slug": ("'Æther & Straße'|slug", "aether-strasse"),
    "sort": ("['b', 'A', 'c']|sort|join", "Abc"),
    "string": ("true|string", "true"),
    "sum": ("[place, place]|sum('zip')", "14"),
    "title": ('"it\'s JEAN-luc"|title', "It's Jean-Luc"),
    "tojson": ("'a\"<é'|tojson", '"a\\"<é"'),
    "trim": ("'  a '|trim ~ 'xax'|trim('x')", "aa"),
    "truncate": ("'one two three'|truncate(8, leeway=0)", "one..."),
    "unique": ("['a', 'A', 'b']|unique|join", "ab"),
    "upper": ("'straße ŉ'|upper", "STRASSE ʼN"),
    "urlencode": ("'a b/é?'|urlencode", "a%20b/%C3%A9%3F"),
    "wordcount": ("'one two-three'|wordcount", "3"),
}


@pytest.mark.parametrize("name", sorted(FILTERS - {"choice", "random", "sample", "shuffle", "weighted"}))
def test_each_filter_gives_the_same_for_good(name: str) -> None:
    expression, expected = FILTERED[name]
    assert one("{{ " + expression + " }}") == expected


# --- draws ---


@given(st.lists(st.integers(0, COUNT - 1), max_size=40), st.integers(0, 40))
@settings(max_examples=40, deadline=None)
def test_any_order_split_and_repetition_gives_the_same(numbers: list[int], cut: int) -> None:
    template = (
        "{{ colours|choice }} {{ fruits|sample(random(0, 5))|join('/') }} {{ name }}"
        "{% for n in range(number % 3) %}{{ random(1, 100) }},{% endfor %}{{ [1, 2, 3]|shuffle }}{{ boss_id.city }}"
    )
    links = {"boss_id": "people"}
    whole = texts(template, COUNT, links)
    there = [texts(template, [number], links)[0] for number in numbers]
    rows = np.array(numbers, dtype=np.int64)
    parents = {"boss_id": FakeRows(rows, COLUMNS)}
    generator = made(template, links)
    alone = [generator.values(ColumnBatch(FakeRows(part, COLUMNS, {"boss_id": FakeRows(part, COLUMNS)}), facts(generator)))
             for part in (rows[:cut], rows[cut:])]  # fmt: skip
    both = generator.values(ColumnBatch(FakeRows(rows, COLUMNS, parents), facts(generator))).to_pylist()
    assert both == [text for part in alone for text in part.to_pylist()] == there
    assert len(set(whole)) > COUNT * 0.9


def test_draws_are_of_column_row_and_call() -> None:
    first = texts("{{ random(1, 1000000) }}", COUNT)
    assert [
        text.split()[0] for text in texts("{{ random(1, 1000000) }} {{ random() }} {{ fruits|choice }}", COUNT)
    ] == first
    assert [text.split()[1] for text in texts("{{ random() }} {{ random(1, 1000000) }}", COUNT)] != first
    assert len(set(first)) > COUNT - 2
    generator = made("{{ random(1, 1000000) }}")
    other = generator.values(ColumnBatch(FakeRows(np.arange(COUNT)), facts(generator, column="another")))
    assert other.to_pylist() != first


def test_calls_beyond_those_that_are_drawn_together() -> None:
    """The hundredth call, and the hundredth word of one, are the same in a row alone."""
    many = "{% for n in range(100) %}{{ random(1, 9) }}{% endfor %} {{ range(100)|shuffle|join(' ') }}"
    whole = texts(many, 30)
    assert [texts(many, [row])[0] for row in (0, 7, 29)] == [whole[0], whole[7], whole[29]]
    assert all(sorted(map(int, text.split()[1:])) == list(range(100)) for text in whole)
    assert len({text[60:100] for text in whole}) == 30


def test_samples_of_long_lists_are_those_of_short_ones() -> None:
    def sampled(size: int) -> list[str]:
        return texts("{{ values|sample(20)|join(' ') }}", 50, values=[str(n) for n in range(size)])

    assert all(len(set(text.split())) == 20 for size in (20, 1024, 1025, 40_000) for text in sampled(size))
    from sdgen.generators.jinja import draws

    generator = made("{{ row }}")

    def drawn(short: int) -> list[Any]:
        before, draws._SHORT = draws._SHORT, short
        try:
            each = draws.Draws(ColumnBatch(FakeRows(np.arange(5)), facts(generator)), np.arange(5))
            return [(each.begin(place), draws.sample(each, list(range(60)), 45))[1] for place in range(5)]
        finally:
            draws._SHORT = before

    assert drawn(1000) == drawn(1)


def test_what_is_drawn() -> None:
    rows = 6000
    dice = Counter(texts("{{ random(1, 6) }}", rows))
    assert set(dice) == set("123456")
    assert all(abs(count - rows / 6) < 150 for count in dice.values())
    assert {float(text) // 0.1 for text in texts("{{ random() }}", 200)} == set(range(10))
    assert all(2.5 <= float(text) < 3 for text in texts("{{ random(2.5, 3) }}", 100))
    shares = Counter(texts("{{ weighted({'a': 3, 'b': 1, 'c': 0}) }}", rows))
    assert set(shares) == {"a", "b"}
    assert abs(shares["a"] / rows - 0.75) < 0.03
    assert set(texts("{{ colours|weighted([0, 0, 0.5, 0]) }}", 50)) == {"deep blue"}
    assert set(texts("{{ colours|random }}", 200)) == {"red", "pale blue", "deep blue", "green"}
    orders = Counter(texts("{{ ['a', 'b', 'c']|shuffle|join }}", rows))
    assert len(orders) == 6
    assert all(abs(count - rows / 6) < 150 for count in orders.values())
    assert texts("{{ []|sample(0) }}{{ fruits|sample(40)|unique|list|length }}", 3) == ["[]40"] * 3


def test_several_templates_by_weight() -> None:
    found = Counter(texts(templates=["a {{ row }}", "b {{ number }}", "c"], weights=[1, 3, 0], numbers=200))
    assert len(found) == 200
    firsts = Counter(text[0] for text in found)
    assert set(firsts) == {"a", "b"}
    assert 0.65 < firsts["b"] / 200 < 0.85
    assert {text[0] for text in texts(templates=["a", "b"], numbers=50)} == {"a", "b"}


# --- parents, nulls, plans ---


def scenario(column: dict[str, Any], rows: int = 60) -> dict[str, Any]:
    key = {"generator": "sequence", "primary_key": True}
    link = {"generator": "fk", "params": {"entity": "authors", "column": "id"}}
    kind = {"generator": "choice", "params": {"values": ["sea", "land"]}}
    return {
        "name": "x",
        "seed": 1,
        "as_of": "2026-01-01T00:00:00Z",
        "entities": {
            "authors": {
                "rows": 9,
                "columns": {
                    "id": key,
                    "name": {"generator": "person.full_name"},
                    "mood": {"generator": "choice", "params": {"values": ["calm", "wild"]}},
                    "motto": {"generator": "jinja", "params": {"template": "{{ pools[mood]|choice }}", "pools": {"calm": ["slow"], "wild": ["fast"]}}},
                },
            },
            "books": {
                "rows": rows,
                "columns": {"id": key, "author_id": {**link, "nullable": True, "null_rate": 0.3}, "kind": kind, "it": column},
            },
        },
    }  # fmt: skip


def test_columns_of_parents() -> None:
    template = "{{ author_id.name }}|{{ authors.motto }}|{{ author_id }}|{{ kind }}"
    tables = sdgen.generate(scenario({"generator": "jinja", "params": {"template": template}}))
    authors = {row["id"]: row for row in tables["authors"].to_pylist()}
    for row in tables["books"].to_pylist():
        author = authors.get(row["author_id"])
        expected = [author["name"], author["motto"], str(author["id"])] if author else ["", "", ""]
        assert row["it"].split("|") == [*expected, row["kind"]]
    assert tables["books"]["author_id"].null_count > 5  # whose mottos would have no mood to be made of


def test_inside_arrays_of_parents_that_need_not_be_there() -> None:
    items = {"generator": "jinja", "params": {"template": "{{ ['a', 'b']|choice }}{{ random(1, 9) }}"}}
    made = scenario({"generator": "parent", "params": {"column": "author_id.words"}})
    made["entities"]["authors"]["columns"]["words"] = {
        "generator": "array",
        "params": {"items": items, "min": 2, "max": 4},
    }
    tables = sdgen.generate(made)
    words = {row["id"]: row["words"] for row in tables["authors"].to_pylist()}
    assert all(row["it"] == words.get(row["author_id"]) for row in tables["books"].to_pylist())
    assert len({word for listed in words.values() for word in listed}) > 9


def test_the_same_by_any_workers_and_from_a_pickled_plan() -> None:
    column = {"generator": "jinja", "params": {"template": "{{ author_id.name }} {{ ['a', 'b']|choice }} {{ row }}"}}
    plan = sdgen.plan(scenario(column, 5000))
    once = pa.Table.from_batches(sdgen.batches(plan, "books"))
    again = pa.Table.from_batches(sdgen.batches(pickle.loads(pickle.dumps(plan)), "books", workers=2, batch_rows=700))
    assert once.combine_chunks() == again.combine_chunks()


def test_what_it_needs() -> None:
    template = "{% set x = number %}{% for y in tags %}{{ y }}{% endfor %}{{ boss_id.city }}{{ people.name }}{{ place.zip }}{{ x }}{{ row }}{{ colours }}"
    assert set(made(template, {"boss_id": "people"}).needs()) == {
        Dependency("number"),
        Dependency("tags"),
        Dependency("city", "boss_id"),
        Dependency("name", "boss_id"),
        Dependency("place"),
    }


def test_it_fits_texts_alone_and_is_never_unique() -> None:
    with pytest.raises(ScenarioError, match="can't promise distinct values"):
        sdgen.plan(scenario({"generator": "jinja", "unique": True, "params": {"template": "a"}}))
    with pytest.raises(ScenarioError, match="can't fill a column of type int"):
        sdgen.plan(scenario({"generator": "jinja", "type": "int", "params": {"template": "1"}}))


def test_jinja_is_imported_only_where_it_is_used() -> None:
    code = "import sdgen, sys; from sdgen.readers.sources import read_source; sdgen.plan(read_source('shop')); sys.exit('jinja2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# --- mistakes ---


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("a\n{{ nme }}", r"params\.template: line 2: books has no column 'nme'"),
        ("{{ kin }}", "did you mean 'kind'"),
        ("{{ autor_id.name }}", "books has no column 'autor_id'\n.*did you mean 'author_id'"),
        ("{{ colurs|choice }}", "did you mean 'colours'"),
        ("{{ author_id.nme }}", "authors has no column 'nme'\n.*did you mean 'name'"),
        ("{{ authors }}", "name a column of it: authors"),
        ("{{ randm(1, 6) }}", "books has no column 'randm'\n.*did you mean 'random'"),
        ("{{ random }}", "random is a function"),
        ("a\n\n{{ kind", "line 3: unexpected end of template"),
        ("{% if %}", "line 1: expected an expression"),
        ("{% iff x %}", "line 1: encountered unknown tag 'iff'\n.*available are if"),
        ("{{ kind|uper }}", "no filter is called 'uper'\n.*did you mean 'upper'"),
        ("{{ kind is evn }}", "no test is called 'evn'\n.*did you mean 'even'"),
        ("{% set kind = 1 %}{% if false %}{% endif %}{{ kind }}{{ it }}", "depend on each other"),
        ("{{ kind }}{% set kind = 1 %}", "'kind' is set here"),
    ],
)
def test_mistakes_are_told_before_the_first_row(template: str, words: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        sdgen.plan(scenario({"generator": "jinja", "params": {"template": template, "pools": POOLS}}))
    assert re.search(words, str(caught.value)), caught.value


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({}, "give template or templates"),
        ({"template": "a", "templates": ["b"]}, "give template or templates"),
        ({"templates": ["a", "b"], "weights": [1]}, "1 weights for 2 templates"),
        ({"templates": ["a", "b"], "weights": [0, 0]}, "weights must be zero or more"),
        ({"templates": ["a", "{{ x"]}, r"templates\.1: line 1"),
        ({"template": "a", "pools": {"random": ["a"]}}, "a template can't name 'random'"),
        ({"template": "a", "pools": {"two words": ["a"]}}, "a template can't name 'two words'"),
        ({"template": "a", "values": ["{a|b|c|d|e|f|g|h|i|j}" * 99]}, "phrases are too many"),
    ],
)
def test_params_that_are_wrong(params: dict[str, Any], words: str) -> None:
    with pytest.raises(ScenarioError, match=words):
        sdgen.plan(scenario({"generator": "jinja", "params": params}))


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("\n{{ 1 / (row - 3) }}", "books.columns.it: row 3, line 2 of the template: division by zero"),
        ("{{ kind + 1 }}", "row 1, line 1"),
        ("{{ author_id + 1 }}", "if x is not none"),
        ("{{ pools[kind] }}", "no pool is called '(sea|land)'"),
        ("{{ kind.nothing }}", "has no attribute 'nothing'"),
        ("{{ colours|sample(5) }}", "5 different ones can't come from 4"),
        ("{{ []|choice }}", "from an empty list"),
        ("{{ kind|choice }}", "from a list, not from str"),
        ("{{ random(2, 1) }}", "the first is above the second"),
        ("{{ weighted({'a': 0}) }}", "not all zero"),
        ("{{ weighted(colours, [1]) }}", "one weight for each"),
    ],
)
def test_what_fails_in_a_row_names_row_and_line(template: str, words: str) -> None:
    with pytest.raises(ScenarioError, match=words):
        sdgen.generate(scenario({"generator": "jinja", "params": {"template": template, "pools": POOLS}}))


# --- hostile templates ---

REFUSED = [
    "{% macro f(n) %}{{ f(n) }}{{ f(n) }}{% endmacro %}{{ f(1) }}",
    "{% include 'x' %}",
    "{% import 'x' as x %}",
    "{% extends 'x' %}",
    "{% block x %}{% endblock %}",
    "{% filter upper %}a{% endfilter %}",
    "{% set x %}a{% endset %}",
    "{% for x in [[1]] recursive %}{{ loop(x) }}{% endfor %}",
    "{% autoescape true %}{% endautoescape %}",
    "{{ name.__class__ }}",
    "{{ _draws }}",
    "{{ name|attr('x') }}",
    "{{ lipsum() }}",
    "{{ cycler(1) }}",
    "{{ namespace(a=1) }}",
    "{{ dict(a=1) }}",
    "{{ self }}",
    "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
    "{{ " + "not " * 4000 + "1 }}",
    "{{ " + "1+" * 4000 + "1 }}",
    "{% for x in [1] %}" * 60 + "{% endfor %}" * 60,
    "{% for x in [1] %}" * 30 + "{% endfor %}" * 30,
    "{% for loop in [1] %}{% endfor %}",
]
FAILING = [
    "{{ ''['__class__'] }}",
    "{{ '{:>999999999}'.format(1) }}",
    "{{ '%999999999d' % 1 }}",
    "{{ '%999999999d'|format(1) }}",
    "{{ ('a' * 9999)|replace('', 'b' * 9999) }}",
    "{{ 'a' * 999999999 }}",
    "{{ [1] * 999999999 }}",
    "{{ 'a'.ljust(999999999) }}",
    "{{ 9 ** 999999999 }}",
    "{{ 2.0 ** 0.5 }}",
    "{{ range(999999999) }}",
    "{{ range(10 ** 30) }}",
    "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}",
    "{% set a = 'x' * 99999 %}{{ a }}{{ a }}",
    "{% set a = 'x' * 99999 %}{{ a ~ a }}",
    "{% set a = 'x' * 99999 %}{{ [a, a, a]|join }}",
    "{{ at.now() }}",
    "{{ at.today() }}",
    "{{ at.timestamp() }}",
    "{{ at.strftime('%s') }}",
    "{{ 'a'.upper }}",
    "{{ ['a'.upper]|string }}",
    "{{ 'a'.upper|lower }}",
    "{{ colours|map('attr', 'x')|list }}",
    "{{ [place]|map(attribute='__class__')|list }}",
    "{{ {}.update({}) }}",
    "{{ tags.append(1) }}",
    "{{ 1|round(999999999) }}",
    "{% for x in random %}{% endfor %}".replace("random", "row"),
    "{% set a = [1, 1] %}" + "{% set a = [a, a] %}" * 60 + "{{ a }}",
    "{% set a = 3 %}" + "{% set a = a * a %}" * 60,
    "{% set a = ['x'] %}" + "{% set a = a + a %}" * 60,
    "{% set a = 'x' %}" + "{% set a = a ~ a %}" * 60,
    "{% set a = {'k': 1} %}" + "{% set a = {'k': a, 'l': a} %}" * 60 + "{{ a == a }}",
]


@pytest.mark.parametrize("template", REFUSED, ids=range(len(REFUSED)))
def test_what_is_never_compiled(template: str) -> None:
    column = {"generator": "jinja", "params": {"template": template, "pools": POOLS}}
    with pytest.raises(ScenarioError):
        sdgen.plan(scenario(column))


@pytest.mark.parametrize("template", FAILING, ids=range(len(FAILING)))
def test_what_ends_soon_and_without_much_memory(template: str) -> None:
    started = time.process_time()
    with pytest.raises(ScenarioError, match="row 1, line"):
        one(template)
    assert time.process_time() - started < 3


def test_a_cancelled_run_stops_within_a_batch() -> None:
    template = "{% for n in range(900) %}{{ n }}{% endfor %}"
    plan = sdgen.plan(scenario({"generator": "jinja", "params": {"template": template}}, 60_000))
    cancel = threading.Event()
    threading.Timer(0.2, cancel.set).start()
    started = time.process_time()
    with pytest.raises(Cancelled):
        list(engine_batches(plan, "books", encode=lambda batch, number: batch, cancel=cancel))
    assert time.process_time() - started < 5  # the whole batch takes some ten times as long


def test_nothing_of_jinja_is_there_that_is_not_listed() -> None:
    left_out = jinja2.defaults.DEFAULT_FILTERS.keys() - FILTERS
    assert {"attr", "pprint", "safe", "xmlattr", "groupby", "center", "indent", "striptags", "urlize"} <= left_out
    for name in left_out:
        with pytest.raises(ScenarioError, match="no filter is called"):
            sdgen.plan(scenario({"generator": "jinja", "params": {"template": "{{ kind|" + name + " }}"}}))
    for name in jinja2.defaults.DEFAULT_TESTS.keys() - TESTS:
        with pytest.raises(ScenarioError, match="no test is called"):
            sdgen.plan(scenario({"generator": "jinja", "params": {"template": "{{ kind is " + name + " }}"}}))
    for name in jinja2.defaults.DEFAULT_NAMESPACE.keys() - {"range"}:
        with pytest.raises(ScenarioError, match="has no column"):
            sdgen.plan(scenario({"generator": "jinja", "params": {"template": "{{ " + name + "() }}"}}))


PIECES = (
    "{{ }} {% %} {# #} name tags number place at row colours random( ) ( , ) [ ] 1 0 -1 2.5 'a' | choice sample upper "
    "join sort map list first sum round replace ~ + - * / // % ** == < in is not none and or if else elif endif for "
    "endfor set with endwith = . upper() items() loop index defined odd range( 99 : { }"
)


@given(st.lists(st.sampled_from(PIECES.split()), max_size=25))
@settings(max_examples=300, deadline=None)
def test_whatever_is_written_ends_in_texts_or_a_problem(pieces: list[str]) -> None:
    template = " ".join(pieces) or "a"
    generator = make("jinja", {"template": template, "pools": POOLS}).resolved({})
    if list(generator.faults(facts(generator))) or not {need.column for need in generator.needs()} <= COLUMNS.keys():
        return
    with suppress(ScenarioError):
        assert all(isinstance(text, str) for text in texts(template, 3))
