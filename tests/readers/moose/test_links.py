"""Links that comments tell of, what is left out inside objects, keys of maps, and the names that tables go by."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pytest

from sdgen.execution.request import RunRequest
from sdgen.execution.resolve import resolve_data
from tests.readers.moose.reading import TYPESCRIPT, read_python, read_typescript, rows_of
from tests.readers.reading import UNEVEN

FLEET = """
interface Place { lat: number; note?: string }
export interface Vehicle { vehicleCode: Key<string>; model: string; home: { city: string; spot?: Place } }
export interface Depot { depot_no: string; city: string }
export interface Trip {
  %s
  ref: string;
  leg: UInt8;
}
export const fleetVehicles = new OlapTable<Vehicle>("vehicle_facts", { version: "1.2" });
export const depotTable = new OlapTable<Depot>("dim_depots", { orderByFields: ["city"] });
export const trips = new OlapTable<Trip>("trip_log", { orderByFields: ["ref", "leg"] });
"""


@pytest.mark.parametrize(
    ("comment", "entity", "column"),
    [
        ("FK to vehicles.vehicleCode", "Vehicle", "vehicleCode"),
        ("Foreign-key of `Vehicle.vehicle_code`", "Vehicle", "vehicleCode"),
        ("References fleetVehicles.vehicleCode", "Vehicle", "vehicleCode"),
        ("references vehicle_facts_1_2(vehicleCode)", "Vehicle", "vehicleCode"),
        ("→ vehicle_facts.vehicleCode", "Vehicle", "vehicleCode"),
        ("-> Vehicle", "Vehicle", "vehicleCode"),
        ("The car. FK: Vehicle#vehicleCode", "Vehicle", "vehicleCode"),
        ("Foreign key to {@link Vehicle.vehicleCode}", "Vehicle", "vehicleCode"),
        ("Foreign key to the vehicle's id", "Vehicle", "vehicleCode"),
        ("links to dim_depots.depot_no", "Depot", "depot_no"),
        ("Points to depotTable.depotNo, where it began", "Depot", "depot_no"),
    ],
)
def test_ways_to_tell_of_a_link(comment: str, entity: str, column: str, tmp_path: Path) -> None:
    scenario = read_typescript(tmp_path, FLEET % f"/** {comment} */", 200)
    generator = scenario.entities["Trip"].columns["ref"].generator
    assert generator is not None
    assert generator.params == {"entity": entity, "column": column, **UNEVEN}
    parents = [row[column] for row in rows_of(scenario, entity, 200)]
    assert len(set(parents)) == 200
    assert {row["ref"] for row in rows_of(scenario, "Trip", 200)} <= set(parents)


@pytest.mark.parametrize(
    "comment", ["A text that references vehicles of a day", "FK to planes.id", "A note that links to vehicles"]
)
def test_what_tells_of_no_link(comment: str, tmp_path: Path) -> None:
    scenario = read_typescript(tmp_path, FLEET % f"/** {comment} */", 200)
    generator = scenario.entities["Trip"].columns["ref"].generator
    assert generator is None or generator.type != "fk"


def test_a_link_in_a_key_of_several_columns_leaves_the_key_whole(tmp_path: Path) -> None:
    text = FLEET.replace("ref: string", "ref: Key<string>").replace("leg: UInt8", "leg: Key<UInt8>")
    scenario = read_typescript(tmp_path, text % "/** FK to vehicles.vehicleCode */", 400)
    rows = rows_of(scenario, "Trip", 400)
    assert len({(row["ref"], row["leg"]) for row in rows}) == 400
    assert {row["ref"] for row in rows} <= {row["vehicleCode"] for row in rows_of(scenario, "Vehicle", 400)}
    assert len({row["leg"] for row in rows}) < 257


def test_python_descriptions_tell_of_links(tmp_path: Path) -> None:
    text = """
    class Meter(BaseModel):
        serial: Key[str]
    class Reading(BaseModel):
        meter: Key[str] = Field(description="FK to meters.serial")
        value: float
    all_meters = OlapTable[Meter]("meters")
    readings = OlapTable[Reading]("meter_readings")
    """
    scenario = read_python(tmp_path, text)
    generator = scenario.entities["Reading"].columns["meter"].generator
    assert generator is not None
    assert generator.params == {"entity": "Meter", "column": "serial", **UNEVEN}
    assert scenario.entity_names["all_meters"] == "Meter"


def test_objects_that_may_be_left_out_of_others_are_null_now_and_then(tmp_path: Path) -> None:
    scenario = read_typescript(tmp_path, FLEET % "", 400)
    homes: list[Any] = [row["home"] for row in rows_of(scenario, "Vehicle", 400)]
    assert 10 < sum(home["spot"] is None for home in homes) < 90
    spots = [home["spot"] for home in homes if home["spot"] is not None]
    assert 10 < sum(spot["note"] is None for spot in spots) < 90
    assert all(spot["lat"] is not None for spot in spots)


@pytest.mark.parametrize("word", ["Trip", "trip_log", "trips"])
def test_tables_go_by_model_table_and_constant(word: str, tmp_path: Path) -> None:
    (tmp_path / "models.ts").write_text(TYPESCRIPT + FLEET % "")
    request = RunRequest(scenario_path=str(tmp_path / "models.ts"), include=(word,), rows={word: 7})
    data = resolve_data(request)
    assert data.plan_request.only == ("Trip",)
    assert data.plan_request.rows == {"Trip": 7}
    words = ["preview", str(tmp_path / "models.ts"), word, "--rows", "1"]
    done = subprocess.run([sys.executable, "-m", "sdgen", *words], capture_output=True, text=True)
    assert done.stdout.startswith("Trip:"), done.stderr


@pytest.mark.parametrize(
    ("field", "keys"),
    [
        ("pricesByCurrency: Record<string, number>", r"[A-Z]{3}"),
        ("prices: Record<string, number>", r"[A-Z]{3}"),
        ("headers: Record<string, string>", r"[a-z-]+"),
        ("totals: Record<string, number>", r"[a-z]+"),
        ("salesByCountry: Record<string, UInt64>", r"[A-Z][\w .'()-]+"),
        ("hits_per_device: Record<string, { n: number }>", r"[A-Za-z_ ]+"),
    ],
)
def test_keys_of_maps_are_words(field: str, keys: str, tmp_path: Path) -> None:
    text = f'export interface T {{ id: Key<string>; {field} }}\nnew OlapTable<T>("t");'
    rows = rows_of(read_typescript(tmp_path, text), "T")
    (name,) = set(rows[0]) - {"id"}
    found = {key for row in rows for key, _ in cast(Any, row[name])}
    assert len(found) > 2
    assert all(re.fullmatch(keys, key) for key in found), found


def test_links_inside_lists_and_objects(tmp_path: Path) -> None:
    text = """
    export interface Part { partNo: Key<string>; price: number }
    interface Spare {
      /** FK to parts.partNo */
      part: string;
      count: UInt8;
    }
    export interface Repair { repairId: Key<string>; spares: Spare[]; main: { spare?: Spare; note: string } }
    export const parts = new OlapTable<Part>("parts");
    export const repairs = new OlapTable<Repair>("repairs");
    """
    scenario = read_typescript(tmp_path, text, 60)
    parts = {row["partNo"] for row in rows_of(scenario, "Part", 60)}
    repairs = cast(list[dict[str, Any]], rows_of(scenario, "Repair", 60))
    used = {spare["part"] for row in repairs for spare in row["spares"]}
    used |= {row["main"]["spare"]["part"] for row in repairs if row["main"]["spare"] is not None}
    assert len(used) > 10
    assert used <= parts
