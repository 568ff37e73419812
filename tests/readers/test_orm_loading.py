"""Objects of inheriting classes load through SQLAlchemy's ORM, each as its own class."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from textwrap import dedent

import pytest
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

import sdgen
from sdgen.errors import ScenarioError
from sdgen.readers.base import ReadOptions
from sdgen.readers.sources import read_source

MODELS = """
import enum
from sqlalchemy import Column, Enum, ForeignKey, Table
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

class Base(DeclarativeBase): pass

class Mood(enum.Enum):
    good = "g"
    bad = "b"

class Vessel(Base):
    __tablename__ = "vessel"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    name: Mapped[str]
    __mapper_args__ = {"polymorphic_on": "kind"}

class Boat(Vessel):
    __tablename__ = "boat"
    id: Mapped[int] = mapped_column(ForeignKey("vessel.id"), primary_key=True)
    length: Mapped[int]
    __mapper_args__ = {"polymorphic_identity": "boat"}

class Ferry(Boat):
    __tablename__ = "ferry"
    id: Mapped[int] = mapped_column(ForeignKey("boat.id"), primary_key=True)
    seats: Mapped[int]
    __mapper_args__ = {"polymorphic_identity": "ferry"}

class Raft(Vessel):
    logs: Mapped[int] = mapped_column(nullable=True)
    __mapper_args__ = {"polymorphic_identity": "raft"}

crews = Table("crew", Base.metadata,
    Column("vessel_id", ForeignKey("vessel.id"), primary_key=True),
    Column("sailor_id", ForeignKey("sailor.id"), primary_key=True))

class Sailor(Base):
    __tablename__ = "sailor"
    id: Mapped[int] = mapped_column(primary_key=True)
    first_name: Mapped[str]
    last_name: Mapped[str]
    mood: Mapped[Mood]
    mark: Mapped[Mood] = mapped_column(Enum(Mood, values_callable=lambda kind: [each.value for each in kind]))
    vessels: Mapped[list[Vessel]] = relationship(secondary=crews)

    @hybrid_property
    def full_name(self):
        return self.first_name + " " + self.last_name
"""


def test_every_class_loads_with_its_own_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "fleet_models.py").write_text(dedent(MODELS))
    monkeypatch.chdir(tmp_path)
    scenario = read_source("fleet_models:Base", ReadOptions(rows=90, run_code=True))
    models = sys.modules["fleet_models"]
    engine = create_engine(f"sqlite:///{tmp_path}/fleet.sqlite")
    models.Base.metadata.create_all(engine)
    sdgen.write(scenario, f"{tmp_path}/fleet.sqlite", seed=1, mode="truncate_then_insert")
    with Session(engine) as session:
        vessels = session.scalars(select(models.Vessel)).all()
        assert Counter(type(each).__name__ for each in vessels) == {"Boat": 30, "Ferry": 30, "Raft": 30}
        assert all(boat.length is not None for boat in session.scalars(select(models.Boat)))
        assert len(session.scalars(select(models.Boat)).all()) == 60
        assert all(ferry.seats is not None for ferry in session.scalars(select(models.Ferry)))
        assert all(raft.logs is not None for raft in session.scalars(select(models.Raft)))
        sailors = session.scalars(select(models.Sailor)).all()
        assert {sailor.mood for sailor in sailors} == {sailor.mark for sailor in sailors} == set(models.Mood)
        assert any(sailor.vessels for sailor in sailors)
        one = sailors[0]
        assert (
            session.scalars(select(models.Sailor).where(models.Sailor.full_name == one.full_name)).first() is not None
        )
    sys.modules.pop("fleet_models")


def test_rows_that_no_row_of_the_parent_is_for_are_a_problem() -> None:
    link = {"generator": "fk", "params": {"entity": "a", "column": "id", "among": {"every": 4, "at": [1, 3]}}}
    key = {"type": "int", "primary_key": True}
    entities = {
        "a": {"rows": 9, "columns": {"id": key}},
        "b": {"rows": 4, "columns": {"id": {**link, "primary_key": True}}},
    }
    rows = sdgen.generate({"name": "t", "entities": entities}, seed=1)
    assert rows["b"]["id"].to_pylist() == [2, 4, 6, 8]
    with pytest.raises(ScenarioError, match="only 4 of the rows of a take one"):
        sdgen.generate({"name": "t", "entities": entities}, seed=1, rows={"b": 5})


def test_numbers_tell_classes_apart_and_other_forms_of_uuids_and_intervals_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = """
        import datetime, uuid
        from sqlalchemy import Interval, Uuid
        from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
        class Base(DeclarativeBase): pass
        class Part(Base):
            __tablename__ = "part"
            id: Mapped[uuid.UUID] = mapped_column(Uuid(native_uuid=False), primary_key=True)
            sort: Mapped[int]
            lasts: Mapped[datetime.timedelta] = mapped_column(Interval(native=False))
            __mapper_args__ = {"polymorphic_on": "sort", "polymorphic_identity": 0}
        class Wheel(Part):
            spokes: Mapped[int | None]
            __mapper_args__ = {"polymorphic_identity": 7}
    """
    (tmp_path / "part_models.py").write_text(dedent(text))
    monkeypatch.chdir(tmp_path)
    sdgen.write(
        read_source("part_models:Base", ReadOptions(rows=40, run_code=True)), f"{tmp_path}/parts.sqlite", seed=1
    )
    models = sys.modules.pop("part_models")
    with Session(create_engine(f"sqlite:///{tmp_path}/parts.sqlite")) as session:
        parts = session.scalars(select(models.Part)).all()
        assert {type(each).__name__ for each in parts} == {"Part", "Wheel"}
        assert all(session.get(models.Part, each.id) is each for each in parts)
        assert all(0 <= each.lasts.total_seconds() <= 14 * 86400 for each in parts)
