"""Python models that are imported: the same tables as their source gives, and those that only running tells."""

from __future__ import annotations

import sys
import warnings
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sdgen.errors import SdgenError, SourceError
from sdgen.readers.base import ReadOptions, Source
from sdgen.readers.moose import read
from sdgen.scenario.identity import canonical
from sdgen.scenario.model import Scenario
from tests.readers.moose.reading import PYTHON, rows_of, told, write

PLAIN = """
class Status(str, Enum):
    OPEN = "open"
    DONE = "done"

class Size(IntEnum):
    SMALL = 1
    LARGE = 7

class Place(BaseModel):
    city: str
    # of the parcel
    weight: Annotated[float, "float32"]

class Dated(BaseModel):
    created_at: datetime.datetime

class Parcel(Dated):
    '''Something on its way.'''
    parcel_id: Key[str]
    number: Annotated[int, "uint32"] = Field(ge=1, le=500, description="1 to 500 of a day")
    stars: Optional[int] = None  # 1-5
    status: Status
    size: Size
    kind: Literal["letter", "box"]
    price: clickhouse_decimal(10, 2)
    seen: clickhouse_datetime64(3)
    country: Annotated[str, "LowCardinality"]
    code: Annotated[str, FixedString(6)]
    small: UInt8
    total: simple_aggregated("sum", UInt64)
    day: date
    token: UUID
    ip: ipaddress.IPv4Address
    tags: list[str]
    notes: dict[str, int]
    place: Place
    stops: list[Place]
    shape: Annotated[Place, "ClickHouseNamedTuple"]
    anything: Any
    loud: bool = True
    renamed: str = Field(alias="other_name", max_length=12)
    ttl: Annotated[str, ClickHouseTTL("created_at + INTERVAL 1 WEEK")]

class Line(BaseModel):
    id: Key[int]
    parcel_id: str

parcels = OlapTable[Parcel]("parcels", OlapConfig(
    order_by_fields=["parcel_id", "created_at"], engine=ReplacingMergeTreeEngine(ver="created_at"), version="1.2",
))
lines = IngestPipeline[Line]("lines", IngestPipelineConfig(ingest_api=True, stream=True, table=True))
"""


def run(folder: Path, text: str, before: str = PYTHON, **options: object) -> Scenario:
    (folder / "things.py").write_text(before + text)
    return read(Source(str(folder / "things.py")), ReadOptions(rows=60, run_code=True))


def source(folder: Path, text: str) -> Scenario:
    (folder / "things.py").write_text(PYTHON + text)
    return read(Source(str(folder / "things.py")), ReadOptions(rows=60))


def test_plain_models_are_the_same_as_by_their_source(tmp_path: Path) -> None:
    imported, of_source = run(tmp_path, PLAIN), source(tmp_path, PLAIN)
    assert canonical(imported) == canonical(of_source)
    assert [(note.line, note.what) for note in imported.notes] == [(note.line, note.what) for note in of_source.notes]
    assert rows_of(imported, "Parcel") == rows_of(of_source, "Parcel")


SEVERAL = """
class Dated(BaseModel):
    made: date
    note: str

class Owned(BaseModel):
    owner: str
    note: int

class Both(Dated, Owned):
    id: Key[int]
    made: str

both = OlapTable[Both]("both", OlapConfig(order_by_fields=["id"]))
"""


def test_fields_of_several_bases_are_in_the_order_that_pydantic_has(tmp_path: Path) -> None:
    imported, of_source = run(tmp_path, SEVERAL), source(tmp_path, SEVERAL)
    types = [(name, column.type) for name, column in of_source.entities["Both"].columns.items()]
    assert types == [("owner", "text"), ("note", "text"), ("made", "text"), ("id", "bigint")]
    assert canonical(imported) == canonical(of_source)


def test_the_library_is_forgotten_and_the_tables_are_made_anew(tmp_path: Path) -> None:
    first = run(tmp_path, PLAIN)
    assert not {"moose_lib", "things"} & sys.modules.keys()
    assert canonical(run(tmp_path, PLAIN)) == canonical(first)


def test_models_that_only_running_tells(tmp_path: Path) -> None:
    text = """
    from pydantic import create_model
    from elsewhere import Base
    FIELDS = {f"level_{n}": (int, ...) for n in range(3)}
    Made = create_model("Made", id=(Key[str], ...), **FIELDS)
    class Own(Base):
        own_id: Key[str]
    for region in ("north", "south"):
        OlapTable[Made](f"made_{region}", OlapConfig(order_by_fields=["id"]))
    OlapTable[Own]("own")
    """
    (tmp_path / "elsewhere.py").write_text("from pydantic import BaseModel\nclass Base(BaseModel):\n    city: str\n")
    found = run(tmp_path, "\n".join(line[4:] for line in text.splitlines()))
    assert list(found.entities) == ["made_north", "made_south", "Own"]
    assert list(found.entities["made_north"].columns) == ["id", "level_0", "level_1", "level_2"]
    assert list(found.entities["Own"].columns) == ["city", "own_id"]


def test_what_else_the_library_has_does_nothing(tmp_path: Path) -> None:
    text = """
    from moose_lib import cli_log, Api, Workflow, Task, TaskConfig, MooseClient, MooseCache
    from moose_lib.dmv2 import DeadLetterQueue
    import moose_lib
    from moose_lib.config.runtime import config_registry

    class T(BaseModel):
        id: Key[str]
        name: str

    pipeline = IngestPipeline[T]("t", IngestPipelineConfig(table=OlapConfig(order_by_fields=["id"]), stream=True))
    pipeline.get_stream().add_transform(destination=pipeline.stream, transformation=lambda row: row)

    @moose_lib.web_app("x")
    def handler(request):
        return None

    class Client(MooseClient):
        pass

    Client()
    api = Api[T, T](name="read", query_function=handler)
    with_cache = MooseCache().get("x")
    """
    found = run(tmp_path, "\n".join(line[4:] for line in text.splitlines()))
    assert list(found.entities) == ["T"]


def test_what_a_module_raises_is_told_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"things\.py:\d+:1: can't be imported: ValueError: no luck"):
        run(tmp_path, "raise ValueError('no luck')\n")


def test_a_module_that_makes_no_tables_is_read(tmp_path: Path) -> None:
    found = run(tmp_path, "class T(BaseModel):\n    id: Key[str]\n    name: str\n")
    assert list(found.entities) == ["T"]


def test_a_project_is_imported_by_its_folder(tmp_path: Path) -> None:
    model = "from moose_lib import Key, OlapTable\nfrom pydantic import BaseModel\n"
    model += "class T(BaseModel):\n    id: Key[str]\n    name: str\n\nt = OlapTable[T]('t')\n"
    write(tmp_path, **{"moose.config.toml": "", "app/__init__.py": "", "app/models.py": model})
    (tmp_path / "app/main.py").write_text("import moose_lib\nfrom app.models import t, T\n")
    found = read(Source(str(tmp_path)), ReadOptions(run_code=True))
    assert list(found.entities) == ["T"]
    assert told(found) == ""


def test_bases_of_the_library_are_plain_ones(tmp_path: Path) -> None:
    text = """
class Mood(StringToEnumMixin, IntEnum):
    GOOD = 1
    BAD = 2

class T(MooseModel):
    id: Key[str]
    mood: Mood

t = OlapTable[T]("t")
"""
    assert canonical(run(tmp_path, text)) == canonical(source(tmp_path, text))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    place=st.integers(0, len(PLAIN) - 1), size=st.integers(0, 12), instead=st.sampled_from(["", "X", "[", "None", "()"])
)
def test_mutated_modules_are_imported_or_refused(tmp_path: Path, place: int, size: int, instead: str) -> None:
    with suppress(SdgenError), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run(tmp_path, PLAIN[:place] + instead + PLAIN[place + size :])
