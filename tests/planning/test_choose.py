"""Columns that name no generator: what is guessed for them fits, whatever their names, types, lengths and constraints."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from sdgen.engine import batch
from sdgen.inference.guess import with_guesses
from sdgen.planning.compile import compile_plan
from sdgen.planning.plan import Plan
from sdgen.readers.sources import read_text_as_scenario
from sdgen.scenario.model import Column, Entity, GeneratorSpec, RowCount, Rule, Scenario

ROWS = 200
NAMES = (  # noqa: SIM905
    "id code name title status state type email phone first_name last_name full_name username password address city zip country "
    "country_code latitude time_zone company department url ip_address slug token uuid sha256 price amount total discount_percent "
    "salary currency quantity stock rating score priority level version year month hour is_active deleted_flag created_at updated_at "
    "deleted_at due_date start_time end_time birth_date age gender description body notes tags file_name mime_type color unit "
    "language locale sku barcode isbn iban bic account_number card_number vin license_plate serial_number tracking_number "
    "invoice_number order_number external_id customer_id foo fld_7 max_value weight duration bytes temperature battery plan role"
).split()
TYPES = (  # noqa: SIM905
    "bool tinyint smallint int bigint utinyint uint float double decimal(2,2) decimal(4,2) decimal(5,0) decimal(10,2) decimal(18,6) "
    "decimal(38,10) string string(1) string(2) string(3) string(5) string(8) string(10) string(16) string(20) string(36) string(64) "
    "string(255) text uuid date time timestamp timestamptz json binary enum(a,b,c) array<string> array<int> array<timestamp> "
    "map<string,int> map<string,text> struct<a:int,city:string(20),created_at:timestamp>"
).split()
# Types with fewer than the asked number of distinct values, or none that can be made distinct.
NOT_UNIQUE = ("bool", "enum", "string(1)", "decimal(2,2)", "json", "array", "map", "struct")


def scenario(entity: str, columns: dict[str, Column], rows: int = ROWS, **more: object) -> Scenario:
    made = Entity(rows=RowCount(count=rows), columns=columns)
    return Scenario(name="guessed", seed=7, as_of="2026-01-01T00:00:00Z", entities={entity: made}, **more)


def rows_of(plan: Plan, entity: str) -> pa.RecordBatch:
    return batch(plan, entity, 0, plan.entities[entity].rows)


@pytest.mark.parametrize("entity", ["things", "users", "orders"])
@pytest.mark.parametrize("type", TYPES)
def test_every_name_in_every_type_is_filled(type: str, entity: str) -> None:
    columns = {name: Column(type=type, nullable=False) for name in NAMES}
    made = rows_of(compile_plan(scenario(entity, columns)), entity)
    assert made.num_rows == ROWS
    assert made.num_columns == len(NAMES)


@pytest.mark.parametrize("type", [type for type in TYPES if not type.startswith(NOT_UNIQUE)])
def test_every_name_can_be_unique(type: str) -> None:
    columns = {name: Column(type=type, nullable=False, unique=True) for name in NAMES}
    made = rows_of(compile_plan(scenario("things", columns)), "things")
    for name in NAMES:
        assert len(set(made.column(name).to_pylist())) == ROWS, name


@pytest.mark.parametrize("type", ["int", "string(10)", "string(60)", "date", "timestamp", "decimal(10,2)"])
def test_columns_of_a_unique_set_are_distinct_together(type: str) -> None:
    columns = {"a": Column(type=type), "name": Column(type=type), "status": Column(type=type)}
    wanted = scenario("things", columns)
    entity = wanted.entities["things"].model_copy(update={"unique": (("a", "name"), ("name", "status"))})
    made = rows_of(compile_plan(wanted.model_copy(update={"entities": {"things": entity}})), "things")
    pairs = list(zip(made.column("a").to_pylist(), made.column("name").to_pylist(), strict=True))
    assert len(set(pairs)) == ROWS


@pytest.mark.parametrize(
    ("name", "length", "fits"),
    [("iban", 27, "finance.iban"), ("sku", 9, "code.sku"), ("mac_address", 17, "internet.mac"), ("uuid", 36, "uuid4")],
)
def test_texts_fit_their_columns_without_being_cut(name: str, length: int, fits: str) -> None:
    for size in (length, length - 1):
        columns = {name: Column(type=f"string({size})", unique=True)}
        spec = with_guesses(scenario("things", columns)).entities["things"].columns[name].generator
        assert spec is not None
        assert (spec.type == fits) == (size == length)


TIMES = """
name: times
as_of: 2026-01-01T00:00:00Z
seed: 3
entities:
  orders:
    rows: 500
    columns:
      OrderID: {type: int, primary_key: true}
      CreatedAt: {type: timestamp, nullable: false}
      ModifiedDate: {type: timestamp, nullable: false}
      shipped_on: {type: date, nullable: false}
      deliveredAt: {type: timestamptz, nullable: false}
      DELETED_AT: {type: timestamp, nullable: true}
      due_date: {type: date, nullable: false}
      promo_start_date: {type: date, nullable: false}
      promo_end_date: {type: date, nullable: false}
      title: string(80)
      slug: string(80)
      quantity: int
      unit_price: decimal(10,2)
      line_total: decimal(12,2)
"""


def test_moments_follow_one_another() -> None:
    made = rows_of(compile_plan(read_text_as_scenario(TIMES, "times.yaml")), "orders")
    table = {name: made.column(name) for name in made.schema.names}
    created = table["CreatedAt"]
    assert pc.all(pc.less_equal(created, table["ModifiedDate"])).as_py()
    assert pc.all(pc.less_equal(table["ModifiedDate"], pa.scalar("2026-01-01").cast(pa.timestamp("us")))).as_py()
    assert pc.all(pc.less_equal(created, table["shipped_on"].cast(pa.timestamp("us")))).as_py()
    assert pc.all(pc.less_equal(table["shipped_on"].cast(pa.timestamp("us", "UTC")), table["deliveredAt"])).as_py()
    assert pc.all(pc.less(created, table["due_date"].cast(pa.timestamp("us")))).as_py()
    assert pc.all(pc.less(table["promo_start_date"], table["promo_end_date"])).as_py()
    assert table["DELETED_AT"].null_count > 0.8 * len(created)


def test_values_of_a_row_agree() -> None:
    made = rows_of(compile_plan(read_text_as_scenario(TIMES, "times.yaml")), "orders")
    first = {name: made.column(name)[0].as_py() for name in made.schema.names}
    assert first["slug"] == first["title"].lower().replace(" ", "-")
    products = pc.multiply(made.column("quantity"), made.column("unit_price"))
    assert products.cast(pa.float64()).to_pylist() == made.column("line_total").cast(pa.float64()).to_pylist()


def test_the_scenarios_own_rules_come_first() -> None:
    own = Rule.model_validate(
        {
            "pattern": "(.*)_cluster",
            "type": ["int", "bigint"],
            "entity": "node",
            "with": {"other": "size"},
            "generator": GeneratorSpec(type="above", params={"column": "$other", "min": 1, "max": 1}),
        }
    )
    columns = {"size": Column(type="int"), "my_cluster": Column(type="int"), "your_cluster": Column(type="double")}
    guessed = with_guesses(scenario("Nodes", columns, rules=(own,))).entities["Nodes"].columns
    assert guessed["my_cluster"].generator == GeneratorSpec(type="above", params={"column": "size", "min": 1, "max": 1})
    assert guessed["your_cluster"].generator != guessed["my_cluster"].generator


def test_a_guess_does_not_change_with_a_few_more_rows() -> None:
    columns = {name: Column(type="string(40)", unique=True) for name in NAMES}
    guesses = [with_guesses(scenario("things", columns, rows)).entities["things"] for rows in (110, 190, 200)]
    assert guesses[0].columns == guesses[1].columns == guesses[2].columns


def test_nothing_is_guessed_where_a_generator_is_named() -> None:
    named = scenario("things", {"email": Column(generator=GeneratorSpec(type="uuid4"))})
    assert with_guesses(named) is named


def test_names_and_comments_speak() -> None:
    columns = {
        "fld_7": Column(type="string(80)", description="the customer's e-mail address"),
        "fld_8": Column(type="int"),
    }
    guessed = with_guesses(scenario("things", columns)).entities["things"].columns
    assert guessed["fld_7"].generator == GeneratorSpec(type="person.email")


def test_a_date_between_nullable_ones_is_never_null() -> None:
    columns = {
        "opened": Column(type="date", nullable=True, generator=GeneratorSpec(type="date")),
        "seen": Column(type="date", generator=GeneratorSpec(type="date", params={"after": ["opened"]})),
    }
    plan = compile_plan(scenario("things", columns))
    assert not plan.entities["things"].columns["seen"].nullable
    assert rows_of(plan, "things").column("opened").null_count
    assert not rows_of(plan, "things").column("seen").null_count
