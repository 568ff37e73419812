"""Django's generic relations: the row that `content_type_id` leads to names the table that `object_id` is a key of.

Rows of django_content_type are drawn among the tables of the schema. Those that a database holds already (migrations
fill it) have keys of their own: so what an id is of is told by the label and the model that its content type's row has.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from sdgen.inference.names import free_name
from sdgen.readers.drafts import ColumnDraft, quoted_name
from sdgen.readers.sql.drafts import TableDraft
from sdgen.readers.sql.schema import TableName
from sdgen.readers.sql.shared_links import fitting_key, is_beside
from sdgen.scenario.types import Type

_TABLE = "django_content_type"
_MOST_TYPES = 12
# Tables of Django's own, whose names don't follow from their apps'.
_OWN = {
    "django_content_type": "contenttypes.contenttype",
    "django_admin_log": "admin.logentry",
    "django_session": "sessions.session",
    "django_site": "sites.site",
}
_NO_MODEL = "django_migrations"
# What the column of the id is called beside that of the content type.
_IDS = (
    (r"content_type(_id)?$", "object_id"),
    (r"content_type(_id)?$", "object_pk"),
    (r"_(type|ct)(_id)?$", "_id"),
)


def set_content_types(entities: Mapping[TableName, TableDraft]) -> None:
    """Fill generic relations with the keys of tables, and content types with the names of these."""
    tables = [entity for entity in entities.values() if entity.schema.name.name != _NO_MODEL]
    types = next((entity for entity in tables if entity.schema.name.name == _TABLE), None)
    if types is None or not {"app_label", "model"} <= types.columns.keys():
        return
    pairs = [(entity, type, id) for entity in tables for type, id in _pairs(entity, types)]
    # As in Rails' pairs: what tells of others' rows is seldom told of itself.
    beside = {entity.name for entity, _, _ in pairs}
    named = [table for table in tables if not (table.name in beside or is_beside(table) or _is_between(table))]
    listed = [table for table in named if all(fitting_key(table, id) for _, _, id in pairs)] or named
    # A text of its own for each content type, so that label and model are no more than its parts.
    _name_rows(types, [_labels(table)[0] for table in listed[:_MOST_TYPES]])
    for entity, type, id in pairs:
        _fill(entity, type, id, tables)


def _pairs(entity: TableDraft, types: TableDraft) -> Iterator[tuple[ColumnDraft, ColumnDraft]]:
    """The links of an entity to content types, each with the column of an id beside it."""
    said = dict(entity.schema.generic)
    for name, type in entity.columns.items():
        if not type.is_link or type.params["entity"] != types.name:
            continue
        ids = [said.get(name, ""), *(re.sub(*each, name) for each in _IDS)]
        id = next((entity.columns[each] for each in ids if each in entity.columns and each != name), None)
        if id is not None and not (id.is_link or id.primary or id.bounds.values):
            yield type, id


def _is_between(table: TableDraft) -> bool:
    """Whether a table holds no more than a key and links: those of many to many relations have no content type."""
    return all(column.is_link or column.primary for column in table.columns.values())


def _labels(table: TableDraft) -> list[str]:
    """What content types may call a table: `shop_order_item` is of the app `shop`, or of `shop_order`."""
    name = table.schema.name.name
    if name in _OWN:
        return [_OWN[name]]
    cuts = [place for place, letter in enumerate(name) if letter == "_" and 0 < place < len(name) - 1]
    return [f"{name[:cut]}.{name[cut + 1 :]}" for cut in cuts] or [f"main.{name}"]


def _name_rows(types: TableDraft, labels: Sequence[str]) -> None:
    """Let content types have these names, none twice."""
    if not labels:
        return
    name = ColumnDraft(free_name("content_type", types.columns), Type("text"), hidden=True, unique=True)
    name.fill("choice", values=list(labels))
    types.columns = {name.name: name, **types.columns}
    for place, column in enumerate(("app_label", "model"), 1):
        types.columns[column].fill("expression", sql=f"split_part({name.name}, '.', {place})")
        types.columns[column].strict = not types.columns[column].nullable
    types.unique = [columns for columns in types.unique if set(columns) != {"app_label", "model"}]
    types.cap(len(labels))


def _fill(entity: TableDraft, type: ColumnDraft, id: ColumnDraft, tables: Sequence[TableDraft]) -> None:
    pair = {type.name, id.name}
    once = id.unique or any(set(columns) <= pair for columns in entity.unique)
    # Where no row is named twice, the smallest table limits the rows: not one of Django's own.
    taken = [table for table in tables if table is not entity and not (once and is_beside(table))]
    keys = {table.name: key for table in taken if (key := fitting_key(table, id))}
    to = {
        label: f"{table.name}.{keys[table.name]}" for table in tables if table.name in keys for label in _labels(table)
    }
    if not to:
        return
    # A content type of a table whose keys don't fit has an id all the same, where the column takes no null.
    spare = next(iter(to.values()))
    to |= (
        {} if id.nullable or once else {label: spare for table in tables for label in _labels(table) if label not in to}
    )
    name = ColumnDraft(
        free_name(f"{type.name}_name", entity.columns), Type("text"), hidden=True, nullable=type.nullable
    )
    link = quoted_name(type.name)
    name.fill("expression", sql=f"{link}.app_label || '.' || {link}.model")
    name.null_rate = 0.0  # null where there is no content type, and only there
    entity.columns = {name.name: name, **entity.columns}
    if once:
        entity.cap(min(table.size for table in tables if table.name in keys))
        entity.unique = [columns for columns in entity.unique if not set(columns) <= pair]
    id.null_rate = 0.0
    id.fill("polymorphic", type=name.name, to=to, **({"one_to_one": True} if once else {}))
    id.unique, id.strict = False, not id.nullable
