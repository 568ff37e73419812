"""SQLAlchemy, Pydantic, dataclass, typed dict and attrs models → scenarios."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from textwrap import dedent

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import sdgen
from sdgen.errors import SdgenError, SourceError
from sdgen.readers.base import ReadOptions, Source
from sdgen.readers.models import matches
from sdgen.readers.models.importing import model_path
from sdgen.readers.native.write import scenario_text
from sdgen.readers.sources import read_as, read_source, read_text_as_scenario
from sdgen.scenario.identity import canonical
from sdgen.scenario.model import GeneratorSpec, Scenario
from tests.readers.reading import UNEVEN

pytest.importorskip("sqlalchemy")

FOLDER = Path(__file__).parent / "models"
ALLOWED = ReadOptions(rows=40, run_code=True)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """The models' folder is the current one, and what a test imports is forgotten after it."""
    monkeypatch.chdir(FOLDER)
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if (getattr(sys.modules[name], "__file__", None) or "").startswith((str(FOLDER), str(tmp_path))):
            del sys.modules[name]


def spec(scenario: Scenario, entity: str, column: str) -> GeneratorSpec:
    found = scenario.entities[entity].columns[column].generator
    assert found is not None
    return found


def told(scenario: Scenario) -> str:
    return "\n".join(str(note) for note in scenario.notes)


def written(tmp_path: Path, text: str) -> str:
    path = tmp_path / "these.py"
    path.write_text(dedent(text))
    return str(path)


# SQLAlchemy


def test_a_base_is_its_tables() -> None:
    shop = read_source("shop.models:Base", ALLOWED)
    assert shop.name == "shop"
    assert list(shop.entities) == ["product_tags", "tags", "people", "products", "orders", "order_items"]
    people = shop.entities["people"].columns
    assert (people["id"].type, people["salary"].type, people["created_at"].type) == (
        "uuid",
        "decimal(10,2)",
        "timestamptz",
    )
    assert people["email"].unique
    assert people["password_hash"].type == "string(64)"
    assert shop.entities["people"].description == "Somebody the shop knows."
    assert shop.entities["tags"].columns["name"].description == "as it is shown"
    assert "gross" in shop.entities["products"].target["postgres"]["computed"]


def test_keys_enums_checks_and_kinds() -> None:
    shop = read_source("shop.models:Base", ALLOWED)
    assert spec(shop, "people", "kind").params["values"] == ["customer", "employee"]
    assert shop.entities["orders"].columns["state"].type == "enum(o, p, s)"
    assert shop.entities["orders"].columns["number"].primary_key
    assert spec(shop, "order_items", "order_number").params == {
        "entity": "orders",
        "column": "number",
        "via": "order_shop",
    }
    assert shop.entities["order_items"].unique == (("order_shop", "order_number", "product_id"),)
    price = spec(shop, "products", "price")
    assert price.type == "restricted"
    assert price.params["value"] == "product.price"
    assert price.params["otherwise"]["params"] == {"min": 0.01, "max": 499.99}
    assert shop.entities["products"].columns["colours"].type == "array<string(20)>"


def test_notes_have_the_line_of_their_class_in_the_file() -> None:
    shop = read_source("shop.models:Base", ALLOWED)
    note = next(each for each in shop.notes if "over expressions" in each.what)
    assert note.file == "shop/models.py"
    assert Path(note.file).read_text().splitlines()[note.line - 1] == "class Person(Dated, Base):"


def test_a_class_brings_the_tables_it_refers_to() -> None:
    items = read_source("shop/models.py:OrderItem", ALLOWED)
    assert list(items.entities) == ["people", "products", "orders", "order_items"]
    tags = read_source("shop.models:product_tags", ALLOWED)
    assert list(tags.entities) == ["product_tags", "tags", "products"]


@pytest.mark.parametrize(
    "source", ["shop.models:Base.metadata", "shop.models:Base.registry", "shop.models:", "shop/models.py"]
)
def test_all_ways_to_name_the_tables(source: str) -> None:
    assert len(read_source(source, ALLOWED).entities) == 6


def test_the_word_models_takes_a_module_alone() -> None:
    assert len(read_as("models", "shop.models", ALLOWED).entities) == 6


def test_a_base_without_tables_says_why() -> None:
    with pytest.raises(SourceError, match=r"has no tables\n.*must be imported too"):
        read_source("shop.base:Base", ALLOWED)


def test_types_of_one_database_choose_the_dialect(tmp_path: Path) -> None:
    source = written(
        tmp_path,
        """
        from sqlalchemy import Column, MetaData, Table
        from sqlalchemy.dialects import mysql
        metadata = MetaData()
        Table("flags", metadata, Column("id", mysql.INTEGER(unsigned=True), primary_key=True), Column("is_on", mysql.TINYINT(1)))
        """,
    )
    flags = read_source(f"{source}:metadata", ALLOWED).entities["flags"].columns
    assert (flags["id"].type, flags["is_on"].type) == ("uint", "bool")


def test_defaults_of_python_and_of_the_database_are_hints(tmp_path: Path) -> None:
    source = written(
        tmp_path,
        """
        import enum, time, uuid
        from sqlalchemy import Enum, Integer, String, false, text
        from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, mapped_column
        class Base(MappedAsDataclass, DeclarativeBase, kw_only=True):
            pass
        class Colour(enum.Enum):
            RED = "r"
            BLUE = "b"
        class Thing(Base):
            __tablename__ = "things"
            id: Mapped[int] = mapped_column(primary_key=True)
            ref: Mapped[str] = mapped_column(String(36), insert_default=uuid.uuid4)
            code: Mapped[str] = mapped_column(String(36), insert_default=lambda: str(uuid.uuid4()))
            colour: Mapped[Colour] = mapped_column(Enum(Colour), default=Colour.BLUE)
            short: Mapped[Colour] = mapped_column(
                Enum(Colour, values_callable=lambda kind: [each.value for each in kind]), default=Colour.RED
            )
            at: Mapped[int] = mapped_column(insert_default=lambda: int(time.time()))
            glowing: Mapped[bool] = mapped_column(server_default=false())
            status: Mapped[str] = mapped_column(String(9), server_default="brandnew")
        """,
    )
    found = read_source(source, ALLOWED)
    assert told(found) == "", "the base itself is no model that was left out"
    assert {spec(found, "things", name).type for name in ("ref", "code")} == {"uuid4"}
    assert spec(found, "things", "colour").params["weights"] == [1, 3]
    assert spec(found, "things", "short").params == {"values": ["r", "b"], "weights": [3, 1]}
    assert spec(found, "things", "at").type == "epoch"
    assert spec(found, "things", "glowing").params == {"probability": 0.15}
    assert spec(found, "things", "status").params["values"][0] == "brandnew"


def test_domains_have_their_type_and_check(tmp_path: Path) -> None:
    source = written(
        tmp_path,
        """
        from sqlalchemy import Column, Integer, MetaData, Table, text
        from sqlalchemy.dialects.postgresql import DOMAIN
        m = MetaData()
        stars = DOMAIN("stars", Integer, check=text("VALUE BETWEEN 1 AND 5"), not_null=True)
        Table("t", m, Column("id", Integer, primary_key=True), Column("given", stars))
        """,
    )
    found = read_source(f"{source}:m", ALLOWED)
    assert spec(found, "t", "given").params == {"min": 1, "max": 5}


def test_types_nobody_knows_are_left_out(tmp_path: Path) -> None:
    source = written(
        tmp_path,
        """
        from sqlalchemy import Column, ForeignKey, Integer, MetaData, Table
        from sqlalchemy.types import NullType, UserDefinedType
        class Odd(UserDefinedType):
            def get_col_spec(self, **kw):
                raise RuntimeError("no")
        m = MetaData()
        Table("t", m, Column("id", Integer, primary_key=True), Column("x", Odd), Column("y", NullType), Column("z", ForeignKey("gone.id")))
        """,
    )
    found = read_source(f"{source}:m", ALLOWED)
    assert list(found.entities["t"].columns) == ["id"]
    assert told(found).count("left out") >= 3


def test_checks_keep_their_percent_signs(tmp_path: Path) -> None:
    source = written(
        tmp_path,
        """
        from sqlalchemy import CheckConstraint, Column, Integer, MetaData, String, Table
        m = MetaData()
        t = Table("t", m, Column("id", Integer, primary_key=True), Column("code", String(20), CheckConstraint("code LIKE 'AB%'"), nullable=False))
        """,
    )
    rows = sdgen.generate(read_source(f"{source}:t", ALLOWED), seed=1)["t"]
    assert all(code.startswith("AB") for code in rows["code"].to_pylist())


# Pydantic and its relatives


@pytest.fixture
def clinic() -> Scenario:
    return read_source("records.py", ALLOWED)


def test_models_with_keys_are_entities_and_their_parts_are_not(clinic: Scenario) -> None:
    assert list(clinic.entities) == ["Patient", "Visit", "Doctor", "Room"]
    assert "Address, Phone, Letter" in told(clinic)


def test_fields_and_their_limits(clinic: Scenario) -> None:
    columns = clinic.entities["Patient"].columns
    types = {name: column.type for name, column in columns.items()}
    assert types["id"] == "uuid"
    assert types["last_name"] == "string(40)"
    assert types["weight"] == "decimal(5,2)"
    assert types["address"] == "struct<street: text, city: text, postal_code: text>"
    assert types["contact"] == "json"
    assert types["notes"] == "map<text, text>"
    assert types["seen_at"] == "timestamp"
    assert spec(clinic, "Patient", "height").params == {"min": 45, "max": 220}
    assert spec(clinic, "Patient", "blood").params["values"] == ["A", "B", "AB", "0"]
    assert "full_name" not in columns
    assert columns["last_name"].description == "family name"


def test_a_default_makes_no_nulls_and_none_does(clinic: Scenario) -> None:
    columns = clinic.entities["Patient"].columns
    assert not columns["insured"].nullable
    assert not columns["allergies"].nullable
    assert columns["phone"].nullable
    assert clinic.entities["Room"].columns["remark"].nullable


def test_a_model_in_itself_is_cut_and_told_with_its_line(clinic: Scenario) -> None:
    assert "mother" not in clinic.entities["Patient"].columns
    note = next(each for each in clinic.notes if each.path[-1:] == ("mother",))
    assert Path(note.file).read_text().splitlines()[note.line - 1].strip() == "mother: Patient | None = None"


def test_links_by_names_and_aliases(clinic: Scenario) -> None:
    assert spec(clinic, "Visit", "patient_id").params == {"entity": "Patient", "column": "id", **UNEVEN}
    assert spec(clinic, "Visit", "doctor_id").params == {"entity": "Doctor", "column": "id", **UNEVEN}
    rows = sdgen.generate(clinic, seed=1, as_of=NOW)
    assert set(rows["Visit"]["doctor_id"].to_pylist()) <= set(rows["Doctor"]["id"].to_pylist())
    contacts = [json.loads(text) for text in rows["Patient"]["contact"].to_pylist()]
    assert {(each["kind"], *sorted(each.keys() - {"kind"})) for each in contacts} == {
        ("phone", "number"),
        ("letter", "address"),
    }
    assert all(Decimal("2") < weight < 250 for weight in rows["Patient"]["weight"].to_pylist())


def test_rows_are_what_the_models_take(clinic: Scenario) -> None:
    rows = sdgen.generate(clinic, seed=1, as_of=NOW)["Visit"].to_pylist()
    import records  # type: ignore[import-not-found]

    for row in rows:
        record = {**row, "patient_id": str(row["patient_id"])}
        assert records.Visit.model_validate(record).price <= 20


def test_one_class_alone() -> None:
    doctor = read_source("records:Doctor", ALLOWED)
    assert list(doctor.entities) == ["Doctor"]
    assert doctor.entities["Doctor"].columns["rooms"].type == "array<bigint>"
    assert spec(doctor, "Doctor", "speciality").params["weights"] == [1, 3, 1]


def test_attrs_classes(tmp_path: Path) -> None:
    pytest.importorskip("attrs")
    source = written(
        tmp_path,
        """
        import attrs
        @attrs.define
        class Owner:
            name: str
        @attrs.define
        class Car:
            id: int
            owner: Owner | None
            keepers: list[Owner]
            by_name: dict[str, "Car"]
        """,
    )
    cars = read_source(source, ALLOWED).entities
    assert list(cars) == ["Car"]
    assert cars["Car"].columns["owner"].type == "struct<name: text>"
    assert cars["Car"].columns["keepers"].type == "array<struct<name: text>>"


def test_tables_go_before_the_other_models_of_a_module(tmp_path: Path) -> None:
    source = written(
        tmp_path,
        """
        from pydantic import BaseModel
        from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
        class Base(DeclarativeBase): ...
        class User(Base):
            __tablename__ = "users"
            id: Mapped[int] = mapped_column(primary_key=True)
        class UserIn(BaseModel):
            id: int
        """,
    )
    found = read_source(source, ALLOWED)
    assert list(found.entities) == ["users"]
    assert "left out: UserIn" in told(found)


# All of them


@pytest.mark.parametrize("source", ["shop.models:Base", "records.py"])
def test_round_trip(source: str, tmp_path: Path) -> None:
    scenario = read_source(source, ALLOWED)
    again = read_text_as_scenario(scenario_text(scenario), "x.yaml")
    assert canonical(again) == canonical(scenario)
    one, other = (sdgen.generate(each, seed=1, as_of=NOW) for each in (scenario, again))
    assert one == other
    assert isinstance(next(iter(one.values())), pa.Table)
    assert sdgen.write(scenario, tmp_path / "x.duckdb", seed=1).rows > 100


def test_nothing_is_run_that_is_not_allowed(tmp_path: Path) -> None:
    source = written(tmp_path, "raise RuntimeError('it was run')")
    with pytest.raises(SourceError, match=r"which runs its code\n.*--import allows that"):
        read_source(source)
    with pytest.raises(SourceError, match=r"these\.py:1:1: can't be imported: RuntimeError: it was run"):
        read_source(source, ALLOWED)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("x = 1\nclass (", r"these\.py:2:7: can't be imported: invalid syntax"),
        ("import sys\nsys.exit('bye')", r"these\.py:2:1: can't be imported: SystemExit: bye"),
        ("import no_such_thing", r"install no_such_thing beside sdgen"),
        ("def f():\n    g()\ndef g():\n    1 / 0\nf()", r"these\.py:4:1: can't be imported: ZeroDivisionError"),
        ("from decimal import Decimal\nDecimal('x')", r"these\.py:2:1: can't be imported: InvalidOperation"),
        ("x = 1", r"there are no models in .*these\.py"),
        ("class A: ...", "there are no models"),
        ("from dataclasses import dataclass\n@dataclass\nclass A: ...", "none of the models has fields"),
    ],
)
def test_what_goes_wrong_is_told_with_its_line(text: str, what: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=what):
        read_source(written(tmp_path, text), ALLOWED)


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("shop.modles:Base", r"No module named 'shop.modles'"),
        ("nowhere.models:Base", r"run sdgen in the folder that holds it"),
        ("shop.models:Bse", r"has no 'Bse'\n    did you mean 'Base'"),
        ("shop.models:Base.metdata", r"did you mean 'metadata'"),
        ("shop.models:text", r"there are no models in text"),
        ("gone.py:Base", "there is no such file"),
    ],
)
def test_wrong_words_are_told(source: str, what: str) -> None:
    with pytest.raises(SourceError, match=what):
        read_source(source, ALLOWED)


def test_the_path_is_left_as_it_was_and_prints_go_elsewhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = list(sys.path)
    source = written(tmp_path, "print('hello')\nfrom dataclasses import dataclass\n@dataclass\nclass A:\n    id: int")
    read_source(source, ALLOWED)
    assert sys.path == before
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "hello\n")


@pytest.mark.parametrize("text", ["sqlite:///x.db", "a b:C", "a-b:C", "x.yaml", "1a:B", ":", "a:b:c", ""])
def test_words_that_name_no_module(text: str) -> None:
    assert not matches(Source(text))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet="ab.:/_ py\\\n0é", max_size=14))
def test_any_words_are_read_or_refused(text: str) -> None:
    model_path(text)
    with suppress(SdgenError):
        read_as("models", text, ALLOWED)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=st.integers(0, 2200), size=st.integers(0, 30))
def test_mutated_modules_are_read_or_refused(start: int, size: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    text = Path("records.py").read_text()
    path = tmp_path_factory.mktemp("mutated") / "these.py"
    path.write_text(text[:start] + text[start + size :])
    with suppress(SdgenError):
        sdgen.plan(read_source(str(path), ALLOWED), seed=1)


@pytest.mark.parametrize("created", [False, True])
def test_sessions_find_rows_by_uuid_in_sqlite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, created: bool) -> None:
    from sqlalchemy import create_engine
    from sqlalchemy.orm import Session

    text = """
        import uuid
        from sqlalchemy import UUID, ForeignKey, Uuid
        from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

        class Base(DeclarativeBase): ...

        class Folder(Base):
            __tablename__ = "folder"
            id: Mapped[uuid.UUID] = mapped_column(Uuid(as_uuid=True), primary_key=True)
            token: Mapped[uuid.UUID] = mapped_column(UUID, unique=True)

        class Paper(Base):
            __tablename__ = "paper"
            id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
            folder_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("folder.id"))
            folder: Mapped[Folder] = relationship()
    """
    (tmp_path / "papers.py").write_text(dedent(text))
    scenario = read_source(tmp_path / "papers.py", ALLOWED)
    monkeypatch.syspath_prepend(str(tmp_path))
    sys.modules.pop("papers", None)
    models = import_module("papers")
    engine = create_engine(f"sqlite:///{tmp_path / 'x.db'}")
    if created:
        models.Base.metadata.create_all(engine)
    sdgen.write(scenario, tmp_path / "x.db", mode="append_only" if created else None, seed=1, as_of=NOW)
    with Session(engine) as session:
        papers = session.query(models.Paper).all()
        assert len(papers) == 40
        for paper in papers:
            assert session.get(models.Folder, paper.folder_id) is paper.folder is not None
            assert session.query(models.Folder).filter_by(token=paper.folder.token).one() is paper.folder
    found = sdgen.verify(scenario, tmp_path / "x.db", seed=1, as_of=NOW).findings
    assert {str(each.status) for each in found if each.check == "same rows"} == {"ok"}


def test_forms_that_json_schema_has_no_words_for_are_valid_by_the_model(tmp_path: Path) -> None:
    text = """
        import datetime as dt
        from dataclasses import dataclass
        from enum import IntEnum
        from typing import Annotated, Generic, Literal, Optional, TypedDict, TypeVar
        from pydantic import UUID1, UUID5, Base64Str, BaseModel, Field, Json, PostgresDsn, RedisDsn, field_validator
        T = TypeVar("T")
        class Depth(IntEnum):
            low = 3
            high = 8
        class Mark(TypedDict):
            at: str
        @dataclass
        class Sticker:
            id: int
            mark: Mark
        class Amount(BaseModel, Generic[T]):
            value: T
        class Twig(BaseModel):
            length: int
            twigs: list["Twig"]
            twin: Optional["Twig"]
        class Record(BaseModel):
            id: int
            amount: Amount[int]
            twig: Twig
            counts: dict[int, str]
            depths: dict[Depth, float]
            days: dict[dt.date, int]
            state: Literal["open", 7, None]
            lasts: Annotated[dt.timedelta, Field(ge=dt.timedelta(minutes=1), le=dt.timedelta(hours=2))]
            first: UUID1
            fifth: UUID5
            words: Base64Str
            settings: Json[dict[str, int]]
            store: PostgresDsn
            cache: RedisDsn
            born: Annotated[dt.date, Field(lt=dt.date(2008, 1, 1))]
        class Odd(BaseModel):
            odd_id: int
            size: int = Field(ge=1, le=9)
            @field_validator("size")
            @classmethod
            def is_odd(cls, size: int) -> int:
                assert size % 2, "not odd"
                return size
    """
    (tmp_path / "odd_forms.py").write_text(dedent(text))
    scenario = read_source(str(tmp_path / "odd_forms.py"), ReadOptions(rows=80, run_code=True))
    assert scenario.entities.keys() == {"Sticker", "Record", "Odd"}
    notes = [note for note in scenario.notes if "not valid" in note.what]
    assert [note.path for note in notes] == [("entities", "Odd")]
    assert notes[0].what.endswith("60 rows are not valid by the model: size: Assertion failed, not odd")
