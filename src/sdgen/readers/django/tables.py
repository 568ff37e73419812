"""Models in the source → a relational schema, as Django's migrations make it on PostgreSQL."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Any

from sdgen.errors import Problem, SourceError
from sdgen.readers.django.conditions import Unknown, condition, dotted, expression, last_name, literal
from sdgen.readers.django.models import DIALECT, GENERIC, LINKS, PAIRS, Model, ModelField, ModelIndex
from sdgen.readers.sql.schema import (
    CheckSchema,
    ColumnSchema,
    ForeignKeySchema,
    KeySchema,
    Schema,
    SqlType,
    TableName,
    TableSchema,
)


def schema_of(modules: Sequence[tuple[str, str, ast.Module]], source: str) -> Schema:
    """The schema of the models of modules: each a file, an app's label, and its source. SourceError without models."""
    index = ModelIndex(modules, source)
    between: list[TableSchema] = []
    tables = [_table(index, model, between) for model in index.tables()]
    tables += between
    if not tables:
        hint = "a model is a class with models.Model among its bases"
        raise SourceError([Problem((), "there is no model with a table in it", hint, source), *index.notes])
    name = PurePath(source.replace("\\", "/").rstrip("/")).name.partition(".")[0] or "django"
    return Schema(name, DIALECT, source, tuple(tables), notes=tuple(dict.fromkeys(index.notes)))


def _table(index: ModelIndex, model: Model, between: list[TableSchema]) -> TableSchema:
    """The table of a model; those of its relations to many go to `between`."""
    key = index.key(model)
    made = _TableBuilder(index, model, between)
    above = index.parent(model)
    if not any(each.says("primary_key") for each in index.fields(model)):
        # A model that extends another one has its parent's key for its own, which is no number of its own counting.
        made.columns[key[0]] = ColumnSchema(key[0], key[1], model.node.lineno, nullable=False, counts=above is None)
        if above is not None:
            made.links.append(ForeignKeySchema((key[0],), TableName(index.table_of(above)), (index.key(above)[0],)))
    for each in index.fields(model):
        made.add(each)
    # Last, as constraints name columns, which are known by then.
    made.keep_meta()
    return TableSchema(
        TableName(index.table_of(model)),
        tuple(made.columns.values()),
        model.node.lineno,
        KeySchema((key[0],), "", model.node.lineno),
        tuple(made.unique),
        tuple(made.links),
        tuple(made.checks),
        " ".join((ast.get_docstring(model.node) or "").partition("\n\n")[0].split()),
        generic=tuple(made.generic()),
    )


@dataclass
class _TableBuilder:
    """A table in the making."""

    index: ModelIndex
    model: Model
    between: list[TableSchema]
    columns: dict[str, ColumnSchema] = field(default_factory=dict)
    unique: list[KeySchema] = field(default_factory=list)
    links: list[ForeignKeySchema] = field(default_factory=list)
    checks: list[CheckSchema] = field(default_factory=list)

    def add(self, each: ModelField) -> None:
        """The column of a field; of many to many, the table between."""
        line = each.call.lineno
        if each.kind in PAIRS:
            self._between(each)
            return
        type = self.index.type(each)
        if type is None:
            what = f"{self.model.name}.{each.name} is left out: nothing is known of {ast.unparse(each.call)[:80]}"
            self.index.tell(what, each.model, line)
            return
        name = each.column
        nullable = bool(each.says("null")) or each.kind == "NullBooleanField"
        description = each.says("help_text")
        counts = each.kind in ("AutoField", "BigAutoField", "SmallAutoField")
        text = " ".join(description.split()) if isinstance(description, str) else ""
        made = ColumnSchema(name, type, line, nullable and not each.says("primary_key"), self._default(each), counts)
        self.columns[name] = replace(made, description=text)
        if each.kind == "GeneratedField":
            self.columns[name] = replace(self.columns[name], computed=True, expression=self._expression(each))
            return
        if each.says("unique") or each.kind == "OneToOneField":
            self.unique.append(KeySchema((name,), "", line))
        if each.kind in LINKS:
            other = self.index.models[self.index.target(each)]
            to = each.says("to_field") or self.index.key(other)[0]
            self.links.append(ForeignKeySchema((name,), TableName(self.index.table_of(other)), (str(to),), "", line))
        self.checks += [CheckSchema(sql, "", line) for sql in self._conditions(each, f'"{name}"')]

    def _default(self, each: ModelField) -> str:
        if each.says("auto_now") or each.says("auto_now_add"):
            return "now()"
        node = each.words.get("default") or each.words.get("db_default")
        if node is None:
            return ""
        if dotted(node).endswith(("timezone.now", "datetime.now")):
            return "now()"
        try:
            return literal(each.model.values.value(node))
        except Unknown:
            return ""

    def _expression(self, each: ModelField) -> str:
        """What the database computes a field by; "" where it can't be told in SQL."""
        try:
            return expression(each.words["expression"], each.model.values, self.column)
        except (Unknown, TypeError, KeyError):
            return ""

    def _conditions(self, each: ModelField, column: str) -> Iterator[str]:
        """What choices, validators and the class of the field ask of its values."""
        if each.kind.startswith("Positive"):
            # Django makes this very CHECK on PostgreSQL.
            yield f"{column} >= 0"
        if "choices" in each.words and each.kind not in LINKS:
            try:
                values = [value for value in each.model.values.choices(each.words["choices"]) if value is not None]
                if values:
                    yield f"{column} IN ({', '.join(map(literal, values))})"
            except (Unknown, TypeError):
                what = f"{self.model.name}.{each.name}: its choices are known only when the program runs, and not kept"
                self.index.tell(what, each.model, each.call.lineno)
        validators = each.words.get("validators")
        for one in validators.elts if isinstance(validators, ast.List | ast.Tuple) else ():
            # Validators are Django's and no database's: rows that break one can be stored, but not edited in its
            # forms.
            yield from self._validator(one, each, column)

    def _validator(self, node: ast.expr, each: ModelField, column: str) -> Iterator[str]:
        forms = {
            "MinValueValidator": "{} >= {}",
            "MaxValueValidator": "{} <= {}",
            "MinLengthValidator": "char_length({}) >= {}",
            "MaxLengthValidator": "char_length({}) <= {}",
            "RegexValidator": "{} ~ {}",
        }
        if last_name(node) in ("validate_slug", "validate_unicode_slug"):
            yield f"{column} ~ '^[-a-zA-Z0-9_]+$'"
            return
        if not isinstance(node, ast.Call) or last_name(node) not in forms:
            self.index.tell(
                f"{self.model.name}.{each.name}: {ast.unparse(node)[:80]} is not kept", each.model, node.lineno
            )
            return
        words = {one.arg: one.value for one in node.keywords}
        value = node.args[0] if node.args else words.get("limit_value") or words.get("regex")
        try:
            if value is not None:
                yield forms[last_name(node)].format(column, literal(each.model.values.value(value)))
        except Unknown:
            self.index.tell(f"{self.model.name}.{each.name}: {ast.unparse(node)} is not kept", each.model, node.lineno)

    def _between(self, each: ModelField) -> None:
        """The table of a many to many relation without a model of its own."""
        # The model in between is a table of its own, and read as one.
        if "through" in each.words:
            return
        other = self.index.models.get(self.index.target(each))
        if other is None:
            what = f"{self.model.name}.{each.name} is left out: nothing is known of what it leads to"
            self.index.tell(what, each.model, each.call.lineno)
            return
        line, here = each.call.lineno, self.index.table_of(self.model)
        name = str(each.says("db_table") or f"{here}_{each.name}")
        ends = [f"{self.model.lower}_id", f"{other.lower}_id"]
        if ends[0] == ends[1]:
            # Django's own names for a model's relation to itself.
            ends = [f"from_{ends[0]}", f"to_{ends[1]}"]
        columns, links = [ColumnSchema("id", SqlType("bigint"), line, nullable=False, counts=True)], []
        for column, end in zip(ends, (self.model, other), strict=True):
            key, type = self.index.key(end)
            columns.append(ColumnSchema(column, type, line, nullable=False))
            links.append(ForeignKeySchema((column,), TableName(self.index.table_of(end)), (key,), "", line))
        table = TableSchema(
            TableName(name),
            tuple(columns),
            line,
            KeySchema(("id",), "", line),
            (KeySchema(tuple(ends), "", line),),
            tuple(links),
        )
        self.between.append(table)

    def keep_meta(self) -> None:
        """unique_together and constraints, those of an abstract base where the model has no Meta of its own."""
        model = self.model
        metas = [model, *(base for base in self.index.bases(model) if base.says("abstract"))]
        owner = next((each for each in metas if {"unique_together", "constraints"} & each.meta.keys()), model)
        together = owner.says("unique_together")
        for names in _sets(together):
            node = owner.meta["unique_together"]
            try:
                self.unique.append(KeySchema(tuple(map(self.column, names)), "", node.lineno))
            except Unknown:
                self.index.tell(f"{model.name}: unique_together of {', '.join(names)} is not kept", owner, node.lineno)
        listed = owner.meta.get("constraints")
        for node in listed.elts if isinstance(listed, ast.List | ast.Tuple) else ():
            try:
                self._constraint(node, owner)
            except (Unknown, TypeError, KeyError):
                self.index.tell(f"{model.name}: {ast.unparse(node)[:100]} is not kept", owner, node.lineno)

    def generic(self) -> Iterator[tuple[str, str]]:
        """The columns of generic relations: of a content type, and of an id of its table."""
        for each in self.index.all_fields(self.model):
            if each.kind != GENERIC:
                continue
            given = dict(zip(("ct_field", "fk_field"), each.call.args, strict=False)) | each.words
            names = {word: ast.literal_eval(node) for word, node in given.items() if isinstance(node, ast.Constant)}
            try:
                type = self.column(str(names.get("ct_field", "content_type")))
                yield type, self.column(str(names.get("fk_field", "object_id")))
            except Unknown:
                self.index.tell(
                    f"{self.model.name}.{each.name}: its fields are not found", each.model, each.call.lineno
                )

    def column(self, name: str) -> str:
        """The column of a field."""
        found = next((each.column for each in self.index.fields(self.model) if each.name == name), name)
        if found not in self.columns:
            raise Unknown(name)
        return found

    def _named(self, node: ast.expr, owner: Model) -> tuple[str, str]:
        """The column of a part of a unique set, and the part in SQL where it is more than the column."""
        if isinstance(node, ast.Constant | ast.Name) or last_name(node) == "F":
            inner = node.args[0] if isinstance(node, ast.Call) and node.args else node
            return self.column(str(owner.values.value(inner))), ""
        if last_name(node) in ("Lower", "Upper", "Trim") and isinstance(node, ast.Call) and len(node.args) == 1:
            name = self._named(node.args[0], owner)[0]
            return name, f'{last_name(node).lower()}("{name}")'
        raise Unknown(ast.unparse(node))

    def _constraint(self, node: ast.expr, owner: Model) -> None:
        words = {one.arg: one.value for one in node.keywords} if isinstance(node, ast.Call) else {}
        kind = last_name(node)
        if kind == "CheckConstraint":
            # The argument is called `condition` since Django 5.1.
            check = words.get("condition") or words["check"]
            self.checks.append(CheckSchema(condition(check, owner.values, self.column), "", node.lineno))
        elif kind == "UniqueConstraint" and ("fields" in words or (isinstance(node, ast.Call) and node.args)):
            given = words.get("fields") or ast.Tuple(node.args)  # type: ignore[attr-defined]  # a call, as above
            parts = given.elts if isinstance(given, ast.Tuple | ast.List) else []
            named = [self._named(each, owner) for each in parts]
            where = condition(words["condition"], owner.values, self.column) if "condition" in words else ""
            nulls = owner.values.value(words["nulls_distinct"]) if "nulls_distinct" in words else True
            key = KeySchema(tuple(name for name, _ in named), "", node.lineno, where, nulls=nulls is not False)
            if any(sql for _, sql in named):
                key = replace(key, computed=True, parts=tuple(sql or f'"{name}"' for name, sql in named))
            self.unique.append(key)
        else:
            raise Unknown(kind)


def _sets(together: Any) -> list[list[str]]:
    """The sets of fields of unique_together: of one, or of several."""
    if not isinstance(together, list) or not together:
        return []
    several = together if isinstance(together[0], list) else [together]
    return [[str(name) for name in names] for names in several if isinstance(names, list)]
