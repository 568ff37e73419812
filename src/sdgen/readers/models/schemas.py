"""Pydantic models, dataclasses, typed dicts and attrs classes → JSON Schema, and from there a scenario.

Pydantic makes the schemas. What JSON Schema has no word for (a decimal's digits) is said beside it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import is_dataclass
from datetime import timedelta
from enum import Enum
from functools import reduce
from operator import or_
from types import ModuleType, UnionType
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, PydanticUserError, TypeAdapter, create_model
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema
from typing_extensions import is_typeddict

from sdgen.errors import Path, Problem, SourceError
from sdgen.readers.jsonschema.entities import candidates, named
from sdgen.readers.jsonschema.references import References
from sdgen.readers.jsonschema.scenario import scenario_of
from sdgen.readers.models.importing import Lines
from sdgen.readers.yaml_text import Document
from sdgen.scenario.model import Scenario

if TYPE_CHECKING:
    from sqlalchemy import Column

_BYTES = r"^\s*(\d*\.?\d+)\s*(\w+)?"  # of pydantic.ByteSize
_BASES = ("pydantic", "pydantic_settings", "sqlmodel", "pydantic.main", "sqlmodel.main")


def find_classes(wanted: Any) -> list[Any]:
    """The model that is wanted, or those that a module or its package declares, in their order."""
    if not isinstance(wanted, ModuleType):
        return [wanted] if _is_model(wanted) else []
    # What a module imports from elsewhere is not its own to be filled.
    declared = [each for each in vars(wanted).values() if _is_model(each) and _is_of(each, wanted)]
    return list(dict.fromkeys(declared))


def _is_model(each: Any) -> bool:
    if not isinstance(each, type):
        return bool(is_typeddict(each))
    model = issubclass(each, BaseModel) and each is not BaseModel and each.__module__ not in _BASES
    return bool(model or is_dataclass(each) or is_typeddict(each) or hasattr(each, "__attrs_attrs__"))


def _is_of(each: Any, module: ModuleType) -> bool:
    name = str(each.__module__)
    return name == module.__name__ or name.startswith(f"{module.__name__}.")


def classes_scenario(classes: Iterable[Any], name: str, lines: Lines, rows: int | None) -> Scenario:
    """The scenario of models, an entity for each that is more than a part of others."""
    found = {_name(each): each for each in classes}
    document, told = _document(found, lines)
    if not document.value["$defs"]:
        raise SourceError([Problem((), "none of the models can be read", "", lines.file), *told])
    references = References(document)
    root = references.root()
    places = [(each, root.child("$defs", each)) for each in document.value["$defs"] if each in found]
    records = candidates(references, places)
    inside = set(_used(document.value["$defs"]))
    whole = [each for each in records if each.key or each.name not in inside] or records
    kept = {each.name for each in whole}
    parts = [each for each in records if each.name not in kept]
    if not whole:
        raise SourceError([Problem((), "none of the models has fields", "", lines.file), *told])
    scenario = scenario_of(name, references, named(whole), rows, parts)
    return scenario.read_from(scenario.origin, [*scenario.notes, *told])


def _name(each: Any) -> str:
    return str(each.__name__)


def _document(found: Mapping[str, Any], lines: Lines) -> tuple[Document, list[Problem]]:
    """All models' schemas in one document that knows the lines of classes and fields; and what has no schema."""
    defs: dict[str, Any] = {}
    told: list[Problem] = []
    for name, each in found.items():
        try:
            schema = _schema(each)
        except Exception as error:  # models may hold anything, and so may their errors
            text = " ".join(str(error).split())[:200]
            told.append(Problem((), f"{name} is left out: {text}", "", lines.file, lines.of_class(each)))
            continue
        for inner, value in schema.pop("$defs", {}).items():
            # Models that several others hold come with each of them; they are the same.
            defs.setdefault(inner, value)
        if "$ref" not in schema:
            defs[name] = schema
    positions = {path: (line, 1) for path, line in _lines(defs, found, lines)}
    return Document(lines.file, {"$defs": defs}, positions), told


def _lines(defs: Mapping[str, Any], found: Mapping[str, Any], lines: Lines) -> Iterable[tuple[Path, int]]:
    for name in defs:
        each = found.get(name)
        if each is None or not lines.of_class(each):
            continue
        yield ("$defs", name), lines.of_class(each)
        properties = defs[name].get("properties")
        spelled = {field.alias or key: key for key, field in getattr(each, "model_fields", {}).items()}
        for key in properties if isinstance(properties, dict) else ():
            yield ("$defs", name, "properties", key), lines.of_attribute(each, str(spelled.get(key, key)))


def _schema(each: Any) -> JsonSchemaValue:
    if hasattr(each, "__attrs_attrs__"):
        each = _of_attrs(each)
    if isinstance(each, type) and issubclass(each, BaseModel):
        made: JsonSchemaValue = each.model_json_schema(schema_generator=_Schemas)
        return made
    try:
        found: JsonSchemaValue = TypeAdapter(each).json_schema(schema_generator=_Schemas)
        return found
    except PydanticUserError:
        if not is_typeddict(each):
            raise
        return _schema(_of_typed_dict(each))


def _of_attrs(each: Any, inside: tuple[Any, ...] = ()) -> Any:
    """An attrs class as a Pydantic model, and so are those of its fields; what refers to itself may be anything."""
    import attrs

    if each in inside:
        return Any
    attrs.resolve_types(each)
    inside = (*inside, each)
    return _made(each, {one.name: (_without_attrs(one.type or Any, inside), ...) for one in attrs.fields(each)})


def _without_attrs(type: Any, inside: tuple[Any, ...]) -> Any:
    """A type with the attrs classes in it as Pydantic models."""
    if hasattr(type, "__attrs_attrs__"):
        return _of_attrs(type, inside)
    origin, inner = get_origin(type), get_args(type)
    if origin is None or origin is Literal or not inner:
        return type
    made = tuple(_without_attrs(each, inside) for each in inner)
    # A union can't be indexed under its `X | Y` spelling.
    return reduce(or_, made) if origin in (Union, UnionType) else origin[made]


def _of_typed_dict(each: Any) -> Any:
    """A typing.TypedDict as a Pydantic model: Pydantic takes only those of typing_extensions before Python 3.12."""
    from typing import get_type_hints

    hints = get_type_hints(each, include_extras=False)
    fields = {name: (hint if name in each.__required_keys__ else hint | None, ...) for name, hint in hints.items()}
    return _made(each, fields)


def _made(each: Any, fields: Mapping[str, Any]) -> Any:
    from pydantic import ConfigDict

    config = ConfigDict(arbitrary_types_allowed=True, protected_namespaces=())
    module = sys.modules.get(each.__module__)
    made: Any = create_model(
        each.__name__,
        __config__=config,
        __module__=module.__name__ if module else __name__,
        __doc__=each.__doc__,
        **fields,
    )
    return made


class _Schemas(GenerateJsonSchema):
    """JSON Schemas of what is stored: a field with a default is there, and what has no schema may be anything."""

    ignored_warning_kinds = {"skipped-choice", "non-serializable-default", "skipped-discriminator"}

    def field_is_required(self, field: Any, total: bool) -> bool:
        if field["type"] == "typed-dict-field":
            return bool(field.get("required", total))
        return True

    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:
        said = {"multipleOf": "multiple_of", "minimum": "ge", "maximum": "le"}
        said |= {"exclusiveMinimum": "gt", "exclusiveMaximum": "lt"}
        found: JsonSchemaValue = {"type": "number", "format": "decimal"}
        found |= {key: float(schema[word]) for key, word in said.items() if schema.get(word) is not None}  # type: ignore[literal-required]
        digits = {"x-digits": schema.get("max_digits"), "x-places": schema.get("decimal_places")}
        return found | {key: value for key, value in digits.items() if value is not None}

    def datetime_schema(self, schema: core_schema.DatetimeSchema) -> JsonSchemaValue:
        aware = schema.get("tz_constraint") != "naive"
        # JSON Schema has one word for both; only a naive moment is sure to have no zone.
        form = "date-time" if aware else "timestamp-without-timezone"
        return {"type": "string", "format": form, **_bounds(schema)}

    def date_schema(self, schema: core_schema.DateSchema) -> JsonSchemaValue:
        return {"type": "string", "format": "date", **_bounds(schema)}

    def str_schema(self, schema: core_schema.StringSchema) -> JsonSchemaValue:
        found = super().str_schema(schema)
        if schema.get("pattern") == _BYTES:  # of which Pydantic then takes its own units alone
            found["pattern"] = r"^[1-9][0-9]{0,2} (KB|MB|GB|KiB|MiB|GiB)$"
        return found

    def handle_invalid_for_json_schema(self, schema: Any, error_info: str) -> JsonSchemaValue:
        return {}


def _bounds(schema: Mapping[str, Any]) -> dict[str, str]:
    """The first and the last moment that a model takes; those relative to now, a day away from it."""
    now = schema.get("now_op")
    found = {"x-start": "+1d"} if now == "future" else {"x-end": "-1d"} if now == "past" else {}
    for key, word, days in (("x-start", "gt", 1), ("x-start", "ge", 0), ("x-end", "lt", -1), ("x-end", "le", 0)):
        if schema.get(word) is not None:
            # An open bound of dates and moments is moved by a day inwards: JSON Schema has no words for either.
            found[key] = (schema[word] + timedelta(days)).isoformat()
    return found


def _used(defs: Mapping[str, Any]) -> Iterable[str]:
    """The names of the schemas that others than themselves refer to."""
    for name, schema in defs.items():
        waiting = [schema]
        while waiting:
            each = waiting.pop()
            if isinstance(each, dict):
                target = str(each.get("$ref", "")).rpartition("/")[2]
                yield from [target] if target and target != name else []
                waiting += each.values()
            elif isinstance(each, list):
                waiting += each


# What a column of a SQLAlchemy model gets where nothing is given, as the text of an SQL default.
_UUIDS = frozenset({"uuid1", "uuid4", "uuid6", "uuid7"})


def default_text(column: Column[Any]) -> str:
    """The default that the database gives, else the one that Python does; "" where there is none."""
    if column.server_default is not None:
        return _of_server(getattr(column.server_default, "arg", "default"))
    if column.default is None:
        return ""
    made = getattr(column.default, "arg", None)
    # A class as a default is a type to be made, not a function that gives a value.
    if callable(made) and not isinstance(made, type):
        return _of_callable(made)
    return _literal(made, column.type)


def _of_server(given: Any) -> str:
    """A plain text is a value, which SQLAlchemy quotes; anything else is SQL."""
    return quoted(given) if isinstance(given, str) else str(given)


def _of_callable(made: Callable[..., Any]) -> str:
    """The name of a function; of a lambda, that of the function it asks for a UUID or the time."""
    inner = getattr(made, "__wrapped__", made)  # SQLAlchemy gives functions without arguments a context
    named = {str(getattr(inner, "__name__", "")), *getattr(getattr(inner, "__code__", None), "co_names", ())}
    found = sorted(named & _UUIDS) or sorted(named & {"time"})
    return f"{found[0] if found else getattr(inner, '__name__', 'default')}()"


def _literal(made: Any, type: Any) -> str:
    if isinstance(made, Enum):
        members, listed = list(getattr(type, "enum_class", None) or ()), list(getattr(type, "enums", ()))
        # SQLAlchemy stores an Enum by its members' names, unless values_callable says otherwise: its list has what is
        # stored.
        known = made in members and len(members) == len(listed)
        made = listed[members.index(made)] if known else made.value
    if isinstance(made, bool | int | float):
        return str(made).lower()
    return quoted(made) if isinstance(made, str) else ""


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
