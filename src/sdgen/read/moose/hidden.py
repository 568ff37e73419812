"""Columns that are computed for others and never written: the number of an outline, a score before it is held back."""

from __future__ import annotations

from collections.abc import Mapping

from sdgen.read.moose.clicktypes import ClickType
from sdgen.read.moose.known import Known
from sdgen.read.moose.shared_zeros import shared_zeros
from sdgen.read.moose.values import OUTLINES, outline
from sdgen.read.relational_drafts import ColumnDraft, EntityDraft
from sdgen.read.schema import ColumnSchema, SqlType
from sdgen.scenario.model import GeneratorSpec
from sdgen.scenario.types import Type


def choose_outlines(draft: EntityDraft, types: Mapping[str, ClickType]) -> None:
    """Lines and outlines of places are chosen by a hidden number."""
    for name, type in types.items():
        chosen = f"{name}_outline"
        spec = outline(type, chosen)
        if spec is not None and chosen not in draft.columns:
            draft.columns[name].generator, draft.columns[name].demanded = spec, True
            numbers = GeneratorSpec(type="uniform_int", params={"min": 0, "max": OUTLINES - 1})
            _hide(draft, chosen, Type("int"), numbers, f"which of a few lines and outlines {name} is")


def hold_scores(draft: EntityDraft, columns: Mapping[str, Known]) -> None:
    """Scores of nothing are 0: they are drawn in a hidden column, and shown where there is something."""
    for name, other in shared_zeros(columns).items():
        column, drawn = draft.columns[name], f"{name}_drawn"
        if drawn in draft.columns or column.generator is None or column.generator.type != "ranges":
            continue
        part = column.generator.params["ranges"][-1]
        drawing = GeneratorSpec(type="uniform_float", params={"min": part["min"], "max": part["max"], "precision": 4})
        _hide(draft, drawn, column.type, drawing, f"{name}, before it is 0 where {other} stands for none")
        sql = f'CASE WHEN coalesce("{other}", 0) = 0 THEN 0 ELSE "{drawn}" END'
        column.generator = GeneratorSpec(type="expression", params={"sql": sql})


def _hide(draft: EntityDraft, name: str, type: Type, spec: GeneratorSpec, description: str) -> None:
    schema = ColumnSchema(name, SqlType(type.kind), description=description)
    draft.columns[name] = ColumnDraft(schema, type, nullable=False, generator=spec, demanded=True, hidden=True)
