"""Keys, links, engines and values of the scenario that models become."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sdgen.planning.compile import compile_plan
from sdgen.readers.native.write import scenario_text
from sdgen.readers.sources import read_as, read_source, read_text_as_scenario
from sdgen.scenario.identity import canonical, config_hash
from sdgen.scenario.model import Column, Entity, Scenario
from sdgen.scenario.request import PlanRequest
from sdgen.targets.tables import tables_of
from tests.readers.moose.reading import TYPESCRIPT, read_python, read_typescript, rows_of, told
from tests.readers.reading import UNEVEN

SHOP = """
export interface Customer { customerId: Key<string>; name: string; country: string }
export interface Product { productSku: Key<string>; price: Decimal<10, 2> }
export interface OrderFact {
  id: UInt64;
  customerId: string;
  customerName: string;
  productSku: string;
  quantity: number;
  updated_at: DateTime;
  is_deleted: UInt8;
}
export const customers = new OlapTable<Customer>("dim_customer");
export const products = new OlapTable<Product>("products");
export const orders = new OlapTable<OrderFact>("orders", {
  engine: ClickHouseEngines.ReplacingMergeTree, ver: "updated_at", isDeleted: "is_deleted",
  orderByFields: ["customerId", "id"], partitionBy: "toYYYYMM(updated_at)", settings: { index_granularity: "8192" },
  ttl: "updated_at + INTERVAL 1 YEAR",
  indexes: [{ name: "ix", expression: "quantity", type: "set", arguments: ["100"], granularity: 4 }],
  projections: [{ name: "by_sku", body: "SELECT * ORDER BY productSku" }],
});
"""


def test_a_key_whose_name_has_no_word_is_linked_to_by_ids_alone(tmp_path: Path) -> None:
    models = """
    export interface User { _: Key<string>; name: string }
    export interface Visit { id: Key<string>; user_id: string; user_code: string }
    export const users = new OlapTable<User>("users");
    export const visits = new OlapTable<Visit>("visits");
    """
    visits = read_typescript(tmp_path, models).entities["Visit"]
    linked = {name for name, column in visits.columns.items() if column.generator and column.generator.type == "fk"}
    assert linked == {"user_id"}


def test_keys_links_and_facts(tmp_path: Path) -> None:
    scenario = read_typescript(tmp_path, SHOP)
    orders = scenario.entities["OrderFact"]
    assert [name for name, column in orders.columns.items() if column.primary_key] == ["id"]
    plan = compile_plan(scenario, PlanRequest(seed=1))
    links = {(key.columns, key.entity, key.to) for key in plan.entities["OrderFact"].foreign_keys}
    assert links == {
        (("customerId",), "Customer", ("customerId",)),
        (("productSku",), "Product", ("productSku",)),
    }
    assert orders.target["clickhouse"] == {
        "engine": "ReplacingMergeTree(updated_at, is_deleted)",
        "order_by": ["customerId", "id"],
        "partition_by": "toYYYYMM(updated_at)",
        "ttl": "updated_at + INTERVAL 1 YEAR",
        "settings": {"index_granularity": "8192"},
        "indexes": {"ix": "quantity TYPE set(100) GRANULARITY 4"},
        "projections": {"by_sku": "(SELECT * ORDER BY productSku)"},
    }


def test_values_agree(tmp_path: Path) -> None:
    scenario = read_typescript(tmp_path, SHOP)
    names = {row["customerId"]: row["name"] for row in rows_of(scenario, "Customer")}
    rows = rows_of(scenario, "OrderFact")
    assert all(row["customerName"] == names[row["customerId"]] for row in rows)
    assert all(row["quantity"] == int(str(row["quantity"]).partition(".")[0]) for row in rows)
    versions = [str(row["updated_at"]) for row in rows]
    assert versions == sorted(versions)
    assert len(set(versions)) == len(versions)
    assert {row["is_deleted"] for row in rows} <= {0, 1}


ENGINES = {
    "engine: ClickHouseEngines.MergeTree": "MergeTree",
    "": "MergeTree",
    'engine: ClickHouseEngines.ReplacingMergeTree, ver: "v"': "ReplacingMergeTree(v)",
    'engine: ClickHouseEngines.CollapsingMergeTree, sign: "sign"': "CollapsingMergeTree(sign)",
    'engine: ClickHouseEngines.VersionedCollapsingMergeTree, sign: "sign", ver: "v"': (
        "VersionedCollapsingMergeTree(sign, v)"
    ),
    "engine: ClickHouseEngines.SummingMergeTree": "SummingMergeTree",
    'engine: ClickHouseEngines.SummingMergeTree, columns: ["v"]': "SummingMergeTree(v)",
    'engine: ClickHouseEngines.SummingMergeTree, columns: ["v", "sign"]': "SummingMergeTree((v, sign))",
    'engine: ClickHouseEngines.ReplicatedReplacingMergeTree, keeperPath: "/a", replicaName: "{r}", ver: "v"': (
        "ReplicatedReplacingMergeTree('/a', '{r}', v)"
    ),
    'engine: ClickHouseEngines.S3, path: "s3://b/x.json", format: "JSONEachRow"': (
        "S3('s3://b/x.json', NOSIGN, 'JSONEachRow')"
    ),
}


@pytest.mark.parametrize("config", ENGINES)
def test_an_engine(config: str, tmp_path: Path) -> None:
    text = f"""
    export interface T {{ id: Key<string>; sign: Int8; v: UInt64 }}
    new OlapTable<T>("t", {{ {config} }});
    """
    entity = read_typescript(tmp_path, text).entities["T"]
    assert entity.target["clickhouse"]["engine"] == ENGINES[config]
    assert entity.target["clickhouse"]["order_by"] == ["id"]
    if "sign:" in config:
        assert {row["sign"] for row in rows_of(read_typescript(tmp_path, text), "T")} == {1, -1}


@pytest.mark.parametrize("engine", ["Kafka", "S3Queue", "Merge", "IcebergS3", "Buffer", "Distributed"])
def test_engines_without_rows(engine: str, tmp_path: Path) -> None:
    text = f"""
    export interface T {{ id: Key<string> }}
    export interface U {{ id: Key<string> }}
    new OlapTable<T>("t", {{ engine: ClickHouseEngines.{engine} }});
    new OlapTable<U>("u");
    """
    scenario = read_typescript(tmp_path, text)
    assert list(scenario.entities) == ["U"]
    assert f"entities.T the table is left out: {engine}" in told(scenario)


def test_python_configs(tmp_path: Path) -> None:
    text = """
    KEYS = ["id", "at"]

    class Base(BaseModel):
        \"\"\"What is seen.\"\"\"
        id: str
        at: datetime.datetime

    class Event(Base):
        level: int = Field(alias="severity", ge=1, le=5, description="How bad")
        _hidden: int = 0
        sign: Int8
        ver: int

    a = OlapTable[Event]("events", OlapConfig(
        order_by_fields=KEYS, engine=VersionedCollapsingMergeTreeEngine(sign="sign", ver="ver"), version="2.0",
        indexes=[OlapConfig.TableIndex(name="i", expression="id", type="minmax", granularity=1)]))
    b = IngestPipeline[Base]("base", IngestPipelineConfig(table=OlapConfig(order_by_expression="(id, at)"), stream=True))
    c = IngestPipeline[Event]("streamed", IngestPipelineConfig(table=False, stream=True))
    d = MaterializedView[Base](MaterializedViewOptions(
        select_statement="SELECT 1", table_name="view_rows", materialized_view_name="mv", order_by_fields=["id"]))
    e = OlapTable[DeadLetterModel](name="dead", config=OlapConfig(order_by_fields=["failedAt"]))
    f = OlapTable[Nowhere]("lost")
    """
    scenario = read_python(tmp_path, text)
    assert {name: entity.target_table for name, entity in scenario.entities.items()} == {
        "Event": "events_2_0",
        "base": "",
        "view_rows": "",
        "dead": "",
    }
    event = scenario.entities["Event"]
    assert list(event.columns) == ["id", "at", "severity", "sign", "ver"]
    assert event.columns["severity"].description == "How bad"
    assert event.target["clickhouse"] == {
        "engine": "VersionedCollapsingMergeTree(sign, ver)",
        "order_by": ["id", "at"],
        "indexes": {"i": "id TYPE minmax GRANULARITY 1"},
    }
    assert {row["severity"] for row in rows_of(scenario, "Event")} == {1, 2, 3, 4, 5}
    assert scenario.entities["base"].target["clickhouse"]["order_by"] == "(id, at)"
    assert "OlapTable lost is left out: the type Nowhere is not declared" in told(scenario)


def test_python_projects(tmp_path: Path) -> None:
    (tmp_path / "moose.config.toml").write_text("")
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "models.py").write_text(
        "from pydantic import BaseModel\nfrom .kinds import Kind as K\nclass Thing(BaseModel):\n    id: str\n    kind: K\n"
    )
    (tmp_path / "app" / "kinds.py").write_text("from enum import Enum\nclass Kind(str, Enum):\n    A = 'a'\n")
    (tmp_path / "app" / "tables.py").write_text(
        "from moose_lib import OlapTable\nfrom app.models import Thing\nt = OlapTable[Thing]('things')\n"
    )
    (tmp_path / "app" / "broken.py").write_text("import moose_lib\ndef (:\n")
    scenario = read_source(tmp_path)
    assert scenario.entities["Thing"].columns["kind"].type == "enum(a)"
    assert "2  not Python" in told(scenario)
    assert read_source(tmp_path / "app" / "tables.py").entities.keys() == {"Thing"}


def test_legacy_python_models(tmp_path: Path) -> None:
    text = """
    @moose_data_model
    class A(BaseModel):
        id: Key[str]

    @moose_data_model(DataModelConfig(storage=StorageConfig(enabled=False)))
    class B(BaseModel):
        id: Key[str]
    """
    assert list(read_python(tmp_path, text).entities) == ["A"]


def column(folder: Path, line: str) -> Column:
    text = f'export interface T {{ id: Key<string>;\n{line}\n}}\nnew OlapTable<T>("t");'
    return next(column for name, column in read_typescript(folder, text).entities["T"].columns.items() if name != "id")


HINTS = {
    "rating: number; // 1-5": ("uniform_float", {"min": 1, "max": 5, "precision": 3}),
    "/** Age group 0-7 */ age_group: UInt8;": ("uniform_int", {"min": 0, "max": 7}),
    "/** Similarity, 0.0 to 1.0 */ it: Float32;": ("uniform_float", {"min": 0, "max": 1, "precision": 4}),
    "/** between 10 and 20 */ it: Int16;": ("uniform_int", {"min": 10, "max": 20}),
    "it: Int8; // -5 to 5": ("uniform_int", {"min": -5, "max": 5}),
    "/** 0 = unknown, 1 = yes, 2 = no */ it: UInt8;": ("choice", {"values": [0, 1, 2]}),
    "it: Int8; // 1 = state, -1 = cancel": ("choice", {"values": [1, -1]}),
    "/** present (0/1) */ it: UInt8;": ("choice", {"values": [0, 1]}),
    "/** (32 clusters) */ it: UInt8;": ("uniform_int", {"min": 0, "max": 31}),
    "/** Values: bronze, silver, gold */ it: string;": ("choice", {"values": ["bronze", "silver", "gold"]}),
    "/** One of 'a', 'b' or 'c'. */ it: string;": ("choice", {"values": ["a", "b", "c"]}),
    "it: string; // M = male, F = female": ("choice", {"values": ["M", "F"]}),
    "/** ISO 3166-1 alpha-2 country code */ it: string;": ("address.country_code", {"country": "world"}),
    "/** ISO 4217 */ it: string;": ("finance.currency_code", {}),
    "/** as 6 hex digits */ it: string;": ("pattern", {"regex": "[0-9a-f]{6}"}),
    "/** Unix time in milliseconds */ it: Int64;": ("epoch", {"unit": "ms"}),
    "/** Bearing in degrees */ it: number;": ("uniform_float", {"min": 0, "max": 360, "precision": 1}),
    "score: number & tags.Minimum<0> & tags.Maximum<10>;": ("uniform_float", {"min": 0, "max": 10, "precision": 3}),
    "it: UInt32 & tags.ExclusiveMinimum<0> & tags.Maximum<9>;": ("uniform_int", {"min": 1, "max": 9}),
    'it: string & tags.Format<"email">;': ("person.email", {}),
    'it: string & tags.Pattern<"^[A-Z]{3}$">;': ("pattern", {"regex": "^[A-Z]{3}$"}),
    "pose_cluster_64: UInt8;": ("uniform_int", {"min": 0, "max": 63}),
    "topic_id: UInt8;": ("uniform_int", {"min": 1, "max": 255}),
    "thing_id: Int64;": ("uniform_int", {"min": 1, "max": 10000}),
    "/** 0 = none */ topic_id: UInt16;": (
        "ranges",
        {"ranges": [{"min": 0, "max": 0, "weight": 1}, {"min": 1, "max": 10000, "weight": 9}]},
    ),
    "upload_date: Date;": ("date", {}),
    "dateOfBirth: Date;": ("date", {"start": "1970-01-01", "end": "-18y"}),
}


@pytest.mark.parametrize("line", HINTS)
def test_a_hint(line: str, tmp_path: Path) -> None:
    found = column(tmp_path, line).generator
    assert found is not None
    assert (found.type, dict(found.params)) == HINTS[line]


@pytest.mark.parametrize(
    "line",
    [
        "/** ISO 8601 time, such as 2024-01-02 */ it: string;",
        "it: UInt8; // HTTP status codes (0-255)",
        "/** supports 4B+ images */ it: UInt32;",
        "/** Version 1.0-2 of it */ it: string;",
        "/** UTF-8 text */ it: Int32;",
        "/** Boolean: 1 if so, 0 otherwise */ it: boolean;",
        "/** One of the many */ it: string;",
    ],
)
def test_what_is_no_hint(line: str, tmp_path: Path) -> None:
    assert column(tmp_path, line).generator is None


IMAGES = """
export interface ImagesAnalytical {
  image_id: UInt32;
  /** Site (1-4: Alpha, Beta, etc.) */
  site_name_id: UInt8;
  site_name: string & LowCardinality;
  /** 0 = unknown */
  gender_id: UInt8;
  gender: string & LowCardinality;
  product_id: Int64;
  product_name: string;
  colour_ids: UInt8[];
  colour_red: boolean;
  colour_blue: boolean;
  colour_green: boolean;
  detection_count: UInt16;
  detection_classes: UInt8[];
  detection_top_class_id: UInt8;
  /** 0 = no topic */
  topic_id_1: UInt16;
  /** 0.0 = no topic */
  topic_score_1: Float32;
  tag_ids: UInt32[];
  seen: boolean | null;
}
export const images = new OlapTable<ImagesAnalytical>("images", { orderByFields: ["seen", "site_name_id", "image_id"] });
"""


def test_columns_that_belong_together(tmp_path: Path) -> None:
    scenario = read_typescript(tmp_path, IMAGES, 300)
    rows = rows_of(scenario, "ImagesAnalytical", 300)
    assert [row["image_id"] for row in rows[:3]] == [1, 2, 3]
    assert {row["site_name"] for row in rows} == {"Alpha", "Beta", "Site 3", "Site 4"}
    for one, other in (("site_name_id", "site_name"), ("gender_id", "gender"), ("product_id", "product_name")):
        pairs = {(row[one], row[other]) for row in rows}
        assert len(pairs) == len({pair[0] for pair in pairs}) > 3
    assert all((row["gender"] == "") == (row["gender_id"] == 0) for row in rows)
    for row in rows:
        colours, classes = row["colour_ids"], row["detection_classes"]
        assert isinstance(colours, list)
        assert isinstance(classes, list)
        assert [row[f"colour_{name}"] for name in ("red", "blue", "green")] == [n in colours for n in (1, 2, 3)]
        assert row["detection_count"] == len(classes) == len(set(classes))
        assert row["detection_top_class_id"] == (classes[0] if classes else 0)
        assert (row["topic_score_1"] == 0) == (row["topic_id_1"] == 0)
    assert "never null here" in told(scenario)
    assert not any(row["seen"] is None for row in rows)


def test_nullable_sorting_keys_where_they_are_allowed(tmp_path: Path) -> None:
    text = """
    export interface T { id: Key<string>; a?: string }
    new OlapTable<T>("t", { orderByFields: ["id", "a"], settings: { allow_nullable_key: "1" } });
    """
    scenario = read_typescript(tmp_path, text)
    assert scenario.entities["T"].columns["a"].nullable
    assert scenario.notes == ()


def test_sorting_keys_of_engines_that_merge_rows_are_unique(tmp_path: Path) -> None:
    text = """
    export interface Day { day: Date; shop: string; total: UInt64 }
    new OlapTable<Day>("days", { engine: ClickHouseEngines.SummingMergeTree, orderByFields: ["day", "shop"] });
    """
    assert read_typescript(tmp_path, text).entities["Day"].unique == (("day", "shop"),)


def test_reading_is_the_same_by_way_of_a_file(tmp_path: Path) -> None:
    scenario = read_typescript(tmp_path, SHOP + IMAGES)
    again = read_text_as_scenario(scenario_text(scenario), "x.yaml")
    assert canonical(again) == canonical(scenario)
    for entity in scenario.entities:
        assert rows_of(again, entity) == rows_of(scenario, entity)


def test_it_is_found_by_its_looks(tmp_path: Path) -> None:
    path = tmp_path / "models.ts"
    path.write_text(TYPESCRIPT + SHOP)
    assert canonical(read_source(path)) == canonical(read_as("moose", str(path)))
    # A folder of models is known by them, a project by its settings.
    assert read_source(tmp_path).entities.keys() == {"Customer", "Product", "OrderFact"}
    (tmp_path / "moose.config.toml").write_text("")
    assert read_source(tmp_path).entities.keys() == {"Customer", "Product", "OrderFact"}


def test_on_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "models.ts").write_text(TYPESCRIPT + SHOP)
    words = ["generate", "models.ts", "--table", "OrderFact", "--to", "out/", "--rows", "20", "--quiet"]
    done = subprocess.run([sys.executable, "-m", "sdgen", *words], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["_sdgen.json", "orders.csv"]
    assert len((tmp_path / "out" / "orders.csv").read_text().splitlines()) == 21


def test_what_one_database_knows_reaches_its_tables() -> None:
    facts = {"clickhouse": {"engine": "MergeTree", "order_by": ["a"]}}
    plain = Entity(columns={"a": Column(type="int"), "b": Column(type="int")})
    told = Entity(
        columns={"a": Column(type="int", target={"clickhouse": "UInt8"}), "b": Column(type="int")}, target=facts
    )
    table = tables_of(compile_plan(Scenario(name="s", entities={"t": told}), PlanRequest(seed=1)))["t"]
    assert table.target == facts
    assert [column.target for column in table.columns] == [{"clickhouse": "UInt8"}, {}]
    assert config_hash(Scenario(name="s", entities={"t": plain})) != config_hash(
        Scenario(name="s", entities={"t": told})
    )
    assert "target" not in str(canonical(Scenario(name="s", entities={"t": plain})))


POS = """
/** A sale. */
export interface Sale { saleNo: Key<string>; total: number; extra: { note: string; grade?: number } }
export interface Line {
  /** Foreign key to `pos_sales.saleNo` */
  sale: Key<string>;
  /** References Shop(code) */
  shop: string;
  sku: string;
}
export interface Shop { code: Key<string>; }
export const sales = new OlapTable<Sale>("pos_sales");
export const lines = new OlapTable<Line>("lines", { orderByFields: ["sale", "sku"] });
export const shops = new OlapTable<Shop>("shops");
"""


def test_a_comment_tells_of_a_link_whatever_the_key_is_called(tmp_path: Path) -> None:
    scenario = read_typescript(tmp_path, POS, 400)
    columns = scenario.entities["Line"].columns
    assert columns["sale"].generator is not None
    assert columns["sale"].generator.params == {"entity": "Sale", "column": "saleNo", **UNEVEN}
    assert not columns["sale"].primary_key
    assert columns["shop"].generator is not None
    assert columns["shop"].generator.params == {"entity": "Shop", "column": "code", **UNEVEN}


def test_fields_of_structs_that_may_be_left_out_are_null_now_and_then(tmp_path: Path) -> None:
    scenario = read_typescript(tmp_path, POS, 400)
    assert scenario.entities["Sale"].columns["extra"].type == "struct<note: text, grade?: double>"
    extras: list[Any] = [row["extra"] for row in rows_of(scenario, "Sale", 400)]
    nulls = sum(extra["grade"] is None for extra in extras)
    assert 10 < nulls < 90
    assert all(extra["note"] for extra in extras)
