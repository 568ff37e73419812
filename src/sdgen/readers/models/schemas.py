"""Pydantic models, dataclasses, typed dicts and attrs classes → JSON Schema, and from there a scenario.

Pydantic makes the schemas. What JSON Schema has no word for (a decimal's digits) is said beside it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import is_dataclass
from datetime import timedelta
from enum import Enum
from functools import partial, reduce
from operator import or_
from types import ModuleType, UnionType
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, PydanticUserError, TypeAdapter, ValidationError, create_model
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema
from typing_extensions import is_typeddict

from sdgen.errors import Path, Problem, SdgenError, SourceError
from sdgen.readers.jsonschema.entities import candidates, named
from sdgen.readers.jsonschema.references import References
from sdgen.readers.jsonschema.scenario import scenario_of
from sdgen.readers.models.importing import Lines
from sdgen.readers.yaml_text import Document
from sdgen.scenario.model import Scenario

if TYPE_CHECKING:
    from sqlalchemy import Column

_TRIED = 60  # rows of each model
_BYTES = r"^\s*(\d*\.?\d+)\s*(\w+)?"  # of pydantic.ByteSize
_BASES = ("pydantic", "pydantic_settings", "sqlmodel", "pydantic.main", "sqlmodel.main")


def find_classes(wanted: Any) -> list[Any]:
    """The model that is wanted, or those that a module or its package declares, in their order."""
    if not isinstance(wanted, ModuleType):
        return [wanted] if _is_model(wanted) else []
    # What a module imports from elsewhere is not its own to be filled.
    declared = [each for each in vars(wanted).values() if _is_model(each) and _is_of(each, wanted)]
    # A generic model is no record yet: those that fill its parameters are.
    return list(dict.fromkeys(each for each in declared if not _is_open(each))) or declared


def _is_open(each: Any) -> bool:
    return bool(getattr(each, "__pydantic_generic_metadata__", {}).get("parameters"))


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
    entities = named(whole)
    scenario = scenario_of(name, references, entities, rows, parts)
    models = {entity: found[each.name] for entity, each in entities.items() if entity in scenario.entities}
    return scenario.read_from(scenario.origin, [*scenario.notes, *told, *_broken_models(scenario, models)])


def _broken_models(scenario: Scenario, models: Mapping[str, Any]) -> Iterator[Problem]:
    """The models that some rows are not valid by: what their validators ask is not to be read, only to be tried."""
    from sdgen.engine import batch
    from sdgen.files import jsonl
    from sdgen.planning.compile import compile_plan
    from sdgen.scenario.request import PlanRequest

    try:
        plan = compile_plan(scenario, PlanRequest(seed=1))
    except SdgenError:
        return
    for name, model in models.items():
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            continue
        entity = plan.entities[name]
        count = min(_TRIED, entity.rows)
        text = jsonl.encode(
            [each.type for each in entity.written], batch(plan, name, 0, count), optional=entity.optional
        )
        faults = [fault for line in text.to_pybytes().splitlines() if (fault := _fault(model, line))]
        if faults:
            what = f"{len(faults)} of {count} rows are not valid by the model: {faults[0]}"
            yield scenario.origin.problem(("entities", name), what, "give the columns generators")


def _fault(model: type[BaseModel], line: bytes) -> str:
    """What a model says of a row; "" where it takes it."""
    try:
        model.model_validate_json(line)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        return " ".join(f"{'.'.join(map(str, first['loc']))}: {first['msg']}".removeprefix(": ").split())[:200]
    except Exception as error:  # validators are the user's own code
        return f"{type(error).__name__}: {error}"[:200]
    return ""


def _name(each: Any) -> str:
    return str(each.__name__)


def _document(found: Mapping[str, Any], lines: Lines) -> tuple[Document, list[Problem]]:
    """All models' schemas in one document that knows the lines of classes and fields; and what has no schema."""
    defs: dict[str, Any] = {}
    told: list[Problem] = []
    for each in found.values():
        if is_typeddict(each) and sys.version_info < (3, 12) and type(each).__module__ == "typing":
            # Pydantic takes only those of typing_extensions there, also as the types of other models' fields.
            each.__get_pydantic_core_schema__ = partial(_typed_dict_schema, each)
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
    """A typing.TypedDict as one of typing_extensions."""
    from typing import NotRequired, Required

    from typing_extensions import TypedDict, get_type_hints

    required = each.__required_keys__
    hints = get_type_hints(each, include_extras=False).items()
    make: Any = TypedDict
    return make(
        each.__name__, {name: Required[hint] if name in required else NotRequired[hint] for name, hint in hints}
    )


def _typed_dict_schema(each: Any, source: Any, handler: Any) -> Any:
    return handler(_of_typed_dict(each))


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

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        found = super().dict_schema(schema)
        keys = self.generate_inner(schema["keys_schema"]) if "keys_schema" in schema else {}
        # Pydantic itself says of keys what is said of texts, and reads numbers, dates and more from them.
        return found | ({"propertyNames": keys} if keys not in ({}, {"type": "string"}) else {})

    def timedelta_schema(self, schema: core_schema.TimedeltaSchema) -> JsonSchemaValue:
        least, most = (
            next((schema[key] for key in keys if key in schema), None) for keys in (("ge", "gt"), ("le", "lt"))
        )
        if least is None and most is None:
            return super().timedelta_schema(schema)
        return {"type": "string", "pattern": _durations(least, most)}

    def url_schema(self, schema: core_schema.UrlSchema) -> JsonSchemaValue:
        return _address(schema) or super().url_schema(schema)

    def multi_host_url_schema(self, schema: core_schema.MultiHostUrlSchema) -> JsonSchemaValue:
        return _address(schema) or super().multi_host_url_schema(schema)

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


def _durations(least: timedelta | None, most: timedelta | None) -> str:
    """A pattern of durations between two ends, in whole steps of a size that they share."""
    low = int((least or timedelta()).total_seconds())
    high = int(most.total_seconds()) if most is not None else low + 86_400
    step = max(1, (high - low) // 24)
    seconds = range(low + step, high, step) or (low,)
    return "^(" + "|".join(f"PT{each}S" if each >= 0 else f"-PT{-each}S" for each in seconds) + ")$"


def _address(schema: Mapping[str, Any]) -> JsonSchemaValue | None:
    """Addresses of another scheme than the web's; None where the web's are taken."""
    schemes = [str(each) for each in schema.get("allowed_schemes") or ()]
    if not schemes or {"http", "https"} & {*schemes}:
        return None
    return {
        "type": "string",
        "pattern": f"^{re.escape(schemes[0])}://app:[a-z0-9]{{12}}@[a-z]{{4,8}}\\.example\\.com:[1-9][0-9]{{3}}/[a-z]{{4,8}}$",
    }


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
