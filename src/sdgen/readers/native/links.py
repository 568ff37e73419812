"""Short spellings of links in a native file → the columns they stand for.

    references: [{columns: [tenant_id, customer_number], entity: customers, to: [tenant_id, number]}]
    tree: {column: parent_id, depth: 4, roots: 3}

and in a column `references: customers.id`, or `references: customers` for its primary key; `fk: {entity: customers,
column: id}` is the descriptor of a link that may stand beside `generator: fk`, or for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from sdgen.errors import Path, ProblemType, did_you_mean
from sdgen.scenario.json_schema import KeyReference, TreeShape
from sdgen.scenario.model import Record

_REFERENCE = ProblemType.REFERENCE
Entities = Mapping[str, dict[str, Any]]


class Shorthand:
    """Spells out the links of a document's entities, once all of them are in canonical form."""

    def __init__(self, entities: Entities, refuse: Callable[[Path, str, str, ProblemType], None]) -> None:
        self._entities = entities
        self._refuse = refuse

    def spell_out(self) -> None:
        """Take `references` and `tree` out of each entity, and give the columns they name their generators."""
        for name, entity in self._entities.items():
            for column, record in entity["columns"].items():
                if "references" in record:
                    self._column(name, column, record)
                if "fk" in record:
                    self._descriptor(record, record.pop("fk"), ("entities", name, "columns", column, "fk"))
            for index, each in enumerate(entity.pop("references", None) or ()):
                self._key(name, entity, each, ("entities", name, "references", index))
            if "tree" in entity:
                self._tree(name, entity, entity.pop("tree"))

    def _column(self, name: str, column: str, record: dict[str, Any]) -> None:
        path = ("entities", name, "columns", column, "references")
        parent, _, key = str(record.pop("references")).rpartition(".")
        # `customers` alone has no point to part it at.
        parent, key = (parent, key) if parent else (key, "")
        to = (key,) if key else self._primary_key(parent, path)
        if len(to) > 1:
            what = f"{parent} has a primary key of {len(to)} columns"
            self._refuse(path, what, "use the entity's `references: [{columns: […], entity: …}]`", _REFERENCE)
        elif to:
            self._fill(record, path, {"entity": parent, "column": to[0]})

    def _descriptor(self, record: dict[str, Any], value: object, path: Path) -> None:
        """A link's params, which the column's own `generator: fk` may repeat and add to."""
        if not isinstance(value, Mapping) or not isinstance(value.get("entity"), str):
            what = "the descriptor of a foreign key names no entity"
            self._refuse(path, what, "write it like {entity: customers, column: id}", ProblemType.MISSING)
            return
        params = dict(value)
        if "column" not in params:
            key = self._primary_key(params["entity"], path)
            params["column"] = key[0] if key else "id"
        spec = record.get("generator")
        # The two may say the same twice, as long as they agree.
        if spec and spec["type"] == "fk":
            for param in (each for each in params if spec["params"].get(each, params[each]) != params[each]):
                what = f"{param} is {params[param]!r} here, and {spec['params'][param]!r} in the generator's params"
                self._refuse((*path, param), what, "say it once", ProblemType.REFERENCE)
            record["generator"] = {"type": "fk", "params": {**params, **spec["params"]}}
        else:
            self._fill(record, path, params)

    def _key(self, name: str, entity: dict[str, Any], value: object, path: Path) -> None:
        try:
            reference = KeyReference.model_validate(value)
        except ValidationError as error:
            self._invalid(error, path, KeyReference)
            return
        to = reference.to or self._primary_key(reference.entity, path)
        if to and len(to) != len(reference.columns):
            what = f"{len(reference.columns)} columns refer to {len(to)}: {', '.join(to)}"
            self._refuse(path, what, "name as many in `columns` as in `to`", _REFERENCE)
            return
        first = reference.columns[0]
        for column, there in zip(reference.columns, to, strict=bool(to)):
            # The first column draws the parent's row, the others take their values from that same row.
            own = {"via": first} if column != first else dict(reference.params)
            record = entity["columns"].setdefault(column, {})
            self._fill(record, path, {"entity": reference.entity, "column": there, **own})

    def _tree(self, name: str, entity: dict[str, Any], value: object) -> None:
        path = ("entities", name, "tree")
        try:
            tree = TreeShape.model_validate(value)
        except ValidationError as error:
            self._invalid(error, path, TreeShape)
            return
        key = (tree.key,) if tree.key else self._primary_key(name, path)
        if len(key) == 1:
            shape = {"depth": tree.depth, "roots": tree.roots}
            # Default values are left out, so that both spellings of a tree are one in canonical form.
            kept = {param: number for param, number in shape.items() if number > (param == "roots")}
            self._fill(entity["columns"].setdefault(tree.column, {}), path, {"entity": name, "column": key[0], **kept})
        elif key:
            self._refuse(path, f"the primary key has {len(key)} columns", "name one as `key`", _REFERENCE)

    def _fill(self, record: dict[str, Any], path: Path, params: dict[str, Any]) -> None:
        if "generator" in record:
            what = f"its column has the generator {record['generator']['type']} already"
            self._refuse(path, what, "drop one of them", ProblemType.DUPLICATE)
        # Filled even where it was refused, so that the rest of the file is read as if the mistake were mended.
        record["generator"] = {"type": "fk", "params": params}

    def _primary_key(self, name: str, path: Path) -> tuple[str, ...]:
        entity = self._entities.get(name)
        found = tuple(key for key, column in entity["columns"].items() if column.get("primary_key")) if entity else ()
        if entity is not None and not found:
            self._refuse(path, f"{name} has no primary key to refer to", "name its column", _REFERENCE)
        return found or (() if entity is not None else ("id",))  # an unknown entity is told of when links are settled

    def _invalid(self, error: ValidationError, path: Path, kind: type[Record]) -> None:
        for detail in error.errors(include_url=False):
            where, what, hint, type = (*path, *detail["loc"]), str(detail["msg"]), "", ProblemType.VALUE
            if detail["type"] == "extra_forbidden":
                key = str(detail["loc"][-1])
                what, hint = f"unknown key {key!r}", did_you_mean(key, kind.model_fields)
                type = ProblemType.UNKNOWN
            self._refuse(where, what[:1].lower() + what[1:], hint, type)
