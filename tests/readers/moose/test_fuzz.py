"""Whatever the text: a scenario, or a SourceError. Never another exception."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sdgen.errors import SdgenError
from sdgen.readers.native.write import scenario_text
from sdgen.readers.sources import read_text_as_scenario
from sdgen.scenario.identity import canonical
from tests.readers.moose.reading import PYTHON, TYPESCRIPT, read
from tests.readers.moose.test_scenario import IMAGES, SHOP
from tests.readers.moose.test_types import CLASSES, TYPES
from tests.readers.moose.test_types import PYTHON as PYTHON_TYPES
from tests.readers.moose.test_types import TYPESCRIPT as TYPESCRIPT_TYPES

ALL_TYPES = "".join(f"  f{number}: {type};\n" for number, type in enumerate(TYPESCRIPT_TYPES))
SCRIPT = f'{TYPESCRIPT}{TYPES}interface T {{\n{ALL_TYPES}}}\nnew OlapTable<T>("t", {{ orderByFields: ["f1"] }});\n'
MODULE = (
    f"{PYTHON}{CLASSES}\nclass T(BaseModel):\n"
    + "".join(f"    f{number}: {type}\n" for number, type in enumerate(PYTHON_TYPES))
    + '\nt = OlapTable[T]("t", OlapConfig(order_by_fields=["f1"], engine=ReplacingMergeTreeEngine(ver="f2")))\n'
)
WORDS = [
    *(
        "<",
        ">",
        "{",
        "}",
        "[",
        "]",
        "(",
        ")",
        "|",
        "&",
        ";",
        ":",
        "=",
        "?",
        ",",
        '"',
        "`",
        "/**",
        "*/",
        "null",
        "T",
        "Key<",
    ),
    *(
        "Partial<",
        "Omit<",
        "Record<",
        "keyof ",
        "typeof ",
        "any",
        "never",
        "-1",
        "1e999",
        "0x",
        "\\u{110000}",
        "é",
        "\0",
    ),
    *("ClickHouseJson<", "DateTime64<-1>", "Decimal<0,9>", "FixedString<1e9>", "extends T", "[key: string]: T"),
    *("Annotated[", "Optional[", "Literal[", "list[T]", "Field(", "auto()", "lambda: 0", "\n    ", "class T(T):", "@"),
]


def holds(text: str, suffix: str) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"models{suffix}"
        path.write_text(text, encoding="utf-8", errors="replace")
        try:
            scenario = read(path, 5)
        except SdgenError:
            return
        assert canonical(read_text_as_scenario(scenario_text(scenario), "x.yaml")) == canonical(scenario)


def changed(text: str) -> st.SearchStrategy[str]:
    """A text with some parts cut out, doubled or exchanged for words."""
    places = st.integers(0, len(text))
    change = st.tuples(places, st.integers(0, 40), st.sampled_from(WORDS) | st.just("") | st.text(max_size=3))

    def apply(changes: list[tuple[int, int, str]]) -> str:
        made = text
        for start, length, word in changes:
            made = made[:start] + word + made[start + length :]
        return made

    return st.lists(change, min_size=1, max_size=5).map(apply)


careful = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@careful
@given(changed(SCRIPT))
def test_changed_typescript(text: str) -> None:
    holds(text, ".ts")


@careful
@given(changed(TYPESCRIPT + IMAGES) | changed(TYPESCRIPT + SHOP))
def test_changed_comments_and_names(text: str) -> None:
    holds(text, ".ts")


@careful
@given(changed(MODULE))
def test_changed_python(text: str) -> None:
    holds(text, ".py")


DEEP = {
    "brackets": "interface T { a: string" + "[]" * 3000 + ' }\nnew OlapTable<T>("t");',
    "parentheses": "interface T { a: " + "(" * 3000 + "string" + ")" * 3000 + ' }\nnew OlapTable<T>("t");',
    "objects": "interface T { a: " + "{a:" * 2000 + "string" + "}" * 2000 + ' }\nnew OlapTable<T>("t");',
    "namespaces": "namespace a {" * 3000 + "}" * 3000,
    "unions": "interface T { a: " + "|".join(f'"w{n}"' for n in range(5000)) + ' }\nnew OlapTable<T>("t");',
    "doubling": "interface T0 { a: string }\n"
    + "".join(f"interface T{n} {{ a: T{n - 1}; b: T{n - 1} }}\n" for n in range(1, 40))
    + 'new OlapTable<T39>("t");',
    "aliases": "".join(f"type A{n} = A{n + 1};\n" for n in range(500)) + 'new OlapTable<A0>("t");',
    "circle": 'type A = B; type B = C; type C = A;\nnew OlapTable<A>("t");\nconst x = y; const y = x;\nnew OlapTable<A>(x);',
    "generics": 'type W<T> = { a: W<W<T>> };\nnew OlapTable<W<string>>("t");',
    "wide": "interface T {\n" + "".join(f"f{n}: number;\n" for n in range(600)) + '}\nnew OlapTable<T>("t");',
}
DEEP_PYTHON = {
    "brackets": "class T(BaseModel):\n    a: " + "list[" * 150 + "str" + "]" * 150 + '\nOlapTable[T]("t")\n',
    "unions": "class T(BaseModel):\n    a: " + " | ".join(["str"] * 900) + '\nOlapTable[T]("t")\n',
    "circle": 'A = B\nB = A\nclass T(T):\n    a: A\nclass U(V):\n    x: "U"\nclass V(U):\n    y: int\nOlapTable[T]("t")\nOlapTable[U]("u")\n',
    "calls": "x = " + "f(" * 90 + ")" * 90 + "\n",
}


@pytest.mark.parametrize("name", DEEP)
def test_deep_and_wide_typescript(name: str) -> None:
    holds(TYPESCRIPT + DEEP[name], ".ts")


@pytest.mark.parametrize("name", DEEP_PYTHON)
def test_deep_and_wide_python(name: str) -> None:
    holds(PYTHON + DEEP_PYTHON[name], ".py")
