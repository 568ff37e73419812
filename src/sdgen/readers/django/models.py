"""The models of modules by name: what they inherit, their fields, keys and types.

https://docs.djangoproject.com/en/stable/ref/models/fields/ says what each field is in a database.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from sdgen.errors import Problem
from sdgen.readers.django.conditions import Unknown, Values, dotted, last_name
from sdgen.readers.sql.postgres_types import parsed_type
from sdgen.readers.sql.schema import SqlType

DIALECT = "postgres"
_TYPES: Mapping[str, str] = {
    "AutoField": "integer",
    "BigAutoField": "bigint",
    "SmallAutoField": "smallint",
    "CharField": "varchar",
    "TextField": "text",
    "SlugField": "varchar(50)",
    "EmailField": "varchar(254)",
    "URLField": "varchar(200)",
    "FileField": "varchar(100)",
    "ImageField": "varchar(100)",
    "FilePathField": "varchar(100)",
    "UUIDField": "uuid",
    "IntegerField": "integer",
    "SmallIntegerField": "smallint",
    "BigIntegerField": "bigint",
    "PositiveIntegerField": "integer",
    "PositiveSmallIntegerField": "smallint",
    "PositiveBigIntegerField": "bigint",
    "FloatField": "double precision",
    "DecimalField": "numeric",
    "BooleanField": "boolean",
    "NullBooleanField": "boolean",
    "DateField": "date",
    "DateTimeField": "timestamptz",
    "TimeField": "time",
    "DurationField": "interval",
    "BinaryField": "bytea",
    "JSONField": "jsonb",
    "GenericIPAddressField": "inet",
    "CICharField": "varchar",
    "CITextField": "text",
    "CIEmailField": "varchar(254)",
    "HStoreField": "hstore",
}
LINKS = frozenset({"ForeignKey", "OneToOneField", "TreeForeignKey", "ParentalKey"})
GENERIC = "GenericForeignKey"  # two other fields together: a content type, and an id
PAIRS = frozenset({"ManyToManyField", "ParentalManyToManyField"})
_USER = frozenset({"AUTH_USER_MODEL", "get_user_model", "User", "auth.User", "AbstractUser"})
# Models of Django's own that others refer to, as their sources have them.
_OWN = ast.parse("""
class BaseUser:
    password = CharField(max_length=128)
    last_login = DateTimeField(null=True)
class User:
    password = CharField(max_length=128)
    last_login = DateTimeField(null=True)
    is_superuser = BooleanField(default=False)
    username = CharField(max_length=150, unique=True)
    first_name = CharField(max_length=150)
    last_name = CharField(max_length=150)
    email = EmailField()
    is_staff = BooleanField(default=False)
    is_active = BooleanField(default=True)
    date_joined = DateTimeField()
class Group:
    name = CharField(max_length=150, unique=True)
class ContentType:
    app_label = CharField(max_length=100)
    model = CharField(max_length=100)
    class Meta:
        unique_together = [("app_label", "model")]
class Site:
    domain = CharField(max_length=100, unique=True)
    name = CharField(max_length=50)
""").body
_TABLES = {"User": "auth_user", "Group": "auth_group", "ContentType": "django_content_type", "Site": "django_site"}
_OWN_BASES = {"AbstractUser": "User", "AbstractBaseUser": "BaseUser"}
_MODELS = frozenset({"Model", "AbstractUser", "AbstractBaseUser", "MPTTModel", "TimeStampedModel", "Page"})


@dataclass(frozen=True)
class Model:
    """A class of models, the file and the app that it stands in, and what is around it.

    name: of its class; `app.Name` where a model of another app has that one.
    """

    name: str
    node: ast.ClassDef
    file: str
    app: str
    values: Values

    @cached_property
    def meta(self) -> dict[str, ast.expr]:
        """What its Meta says."""
        inner = next((each for each in self.node.body if isinstance(each, ast.ClassDef) and each.name == "Meta"), None)
        return _assigned(inner.body) if inner is not None else {}

    def says(self, word: str) -> Any:
        """A value of its Meta; None where it has none, or one that is computed."""
        try:
            return self.values.value(self.meta[word]) if word in self.meta else None
        except Unknown:
            return None

    @property
    def table(self) -> str:
        label = self.says("app_label")
        return str(self.says("db_table") or f"{label or self.app}_{self.lower}")

    @property
    def lower(self) -> str:
        """What Django calls it in the names of tables and columns."""
        return self.name.rpartition(".")[2].lower()


@dataclass(frozen=True)
class ModelField:
    """A field of a model: the class of the field, its arguments, and where it is declared."""

    name: str
    kind: str
    call: ast.Call
    model: Model

    @property
    def words(self) -> dict[str, ast.expr]:
        return {each.arg: each.value for each in self.call.keywords if each.arg}

    def says(self, word: str) -> Any:
        try:
            return self.model.values.value(self.words[word]) if word in self.words else None
        except Unknown:
            return None

    @property
    def column(self) -> str:
        return str(self.says("db_column") or (f"{self.name}_id" if self.kind in LINKS else self.name))


class ModelIndex:
    """All models by name, and what is told of them."""

    def __init__(self, modules: Sequence[tuple[str, str, ast.Module]], source: str) -> None:
        self.source = source
        self.notes: list[Problem] = []
        self.models: dict[str, Model] = {}
        for file, app, module in modules:
            names = _assigned(module.body)
            classes = {each.name: each for each in ast.walk(module) if isinstance(each, ast.ClassDef)}
            for node in (each for each in ast.walk(module) if isinstance(each, ast.ClassDef) and each.bases):
                # A class's own names hide those of its module.
                values = Values({**names, **_assigned(node.body)}, classes)
                # Models go by their class names, as most references write them.
                name = f"{app}.{node.name}" if node.name in self.models else node.name
                self.models.setdefault(name, Model(name, node, file, app, values))
        own = [each for each in _OWN if isinstance(each, ast.ClassDef)]
        self.own = {each.name: Model(each.name, each, "", "", Values({}, {})) for each in own}
        # A project's own User takes the place of Django's.
        self.models |= {name: self.own[name] for name in _TABLES if not self.is_model(name)}

    def named(self, text: str, app: str) -> Model | None:
        """The model that is meant by a name in an app's file, `Name` or `app.Name`."""
        owner, _, name = text.rpartition(".")
        places = (f"{owner.rpartition('.')[2].lower()}.{name}", f"{app}.{name}")
        several = [each for key, each in self.models.items() if key == name or key.endswith(f".{name}")]
        found = (each for place in places for each in several if f"{each.app}.{name}" == place)
        return next(found, self.models.get(name))

    def tell(self, what: str, model: Model, line: int) -> None:
        self.notes.append(Problem((), what, "", model.file or self.source, line, 1))

    def is_model(self, name: str, seen: tuple[str, ...] = ()) -> bool:
        """Whether a class is one of models: by what it inherits."""
        model = self.models.get(name)
        if model is None or not model.file or name in seen:
            return False
        above = [each.name for each in self.bases(model)]
        return any(last_name(base) in _MODELS for base in model.node.bases) or any(
            self.is_model(each, (*seen, name)) for each in above
        )

    def bases(self, model: Model) -> list[Model]:
        """The classes that a model extends, as far as their source is here."""
        found = (self.named(dotted(base), model.app) for base in model.node.bases if last_name(base) not in _MODELS)
        return [each for each in found if each is not None and each is not model]

    def tables(self) -> list[Model]:
        """The models with tables, and those of Django's own that they refer to."""
        own = [each for each in self.models.values() if each.file and self.is_model(each.name)]
        kept = [each for each in own if not each.says("abstract") and not each.says("proxy")]
        for model in [each for each in kept if each.says("managed") is False]:
            self.tell(f"{model.name} is left out: its table is not managed by Django", model, model.node.lineno)
        kept = [each for each in kept if each.says("managed") is not False]
        wanted = {self.target(each) for model in kept for each in self.fields(model) if each.kind in LINKS | PAIRS}
        outside = [model for name, model in self.models.items() if name in wanted and not model.file]
        for model in outside:
            self.notes.append(Problem((), f"{_TABLES[model.name]} is added, a table of Django's own", "", self.source))
        return [*outside, *kept] if kept else []

    def table_of(self, model: Model) -> str:
        return model.table if model.file else _TABLES[model.name]

    def target(self, each: ModelField) -> str:
        """The name of the model that a field refers to; "" where it is unknown."""
        node = each.call.args[0] if each.call.args else each.words.get("to")
        if node is None:
            return ""
        text = (
            node.value
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
            else dotted(node.func if isinstance(node, ast.Call) else node)
        )
        name = text.rpartition(".")[2]
        if text == "self":
            return each.model.name
        if name in _USER or text in _USER:
            users = [one for one in self.models.values() if one.file and self._is_user(one)]
            return users[0].name if users else "User"
        found = self.named(text, each.model.app)
        return found.name if found is not None else ""

    def _is_user(self, model: Model) -> bool:
        return any(last_name(base) in ("AbstractUser", "AbstractBaseUser") for base in model.node.bases)

    def fields(self, model: Model) -> list[ModelField]:
        """The fields of a model with a column of their own, or a table between."""
        return [each for each in self.all_fields(model) if each.kind != GENERIC]

    def all_fields(self, model: Model, seen: tuple[str, ...] = ()) -> list[ModelField]:
        """The fields of a model, those of its abstract bases first; what it sets to None is gone."""
        found: dict[str, ModelField] = {}
        # Reversed, so that the first base has the last word, as Python's order of resolution has it.
        for base in reversed(model.node.bases):
            name = last_name(base)
            above = self.own[_OWN_BASES[name]] if name in _OWN_BASES else self.named(dotted(base), model.app)
            if above is None or above.name in seen or above is model:
                continue
            # A base with a table of its own keeps its fields there.
            if name in _OWN_BASES or not self.is_model(above.name) or above.says("abstract"):
                inherited = self.all_fields(above, (*seen, model.name))
                found |= {each.name: replace(each, model=replace(each.model, name=model.name)) for each in inherited}
        for name, value in _assigned(model.node.body).items():
            if isinstance(value, ast.Constant) and value.value is None:
                # `name = None` is how Django takes an inherited field away.
                found.pop(name, None)
            kind = last_name(value) if isinstance(value, ast.Call) else ""
            if isinstance(value, ast.Call) and (kind.endswith(("Field", "Key")) and kind != "Q"):
                found[name] = ModelField(name, kind, value, model)
        return [*found.values()]

    def parent(self, model: Model) -> Model | None:
        """The model with a table that another extends: its rows have a row there each."""
        above = (each for each in self.bases(model) if self.is_model(each.name) and not each.says("abstract"))
        return next(above, None)

    def key(self, model: Model, depth: int = 0) -> tuple[str, SqlType]:
        """The column of a model's primary key, and its type."""
        own = next((each for each in self.fields(model) if each.says("primary_key")), None)
        if own is not None:
            return own.column, (self.type(own, depth + 1) or SqlType("text"))
        above = self.parent(model)
        if above is not None and depth < 8:
            return f"{above.lower}_ptr_id", self.key(above, depth + 1)[1]
        # DEFAULT_AUTO_FIELD of new projects; older ones have integer ids, which bigint holds as well.
        return "id", SqlType("bigint")

    def type(self, each: ModelField, depth: int = 0) -> SqlType | None:
        """A field's type; None where it is unknown."""
        if each.kind in LINKS:
            other = self.models.get(self.target(each))
            if other is None or depth > 8:
                return None
            to = each.says("to_field")
            named = next((one for one in self.fields(other) if one.name == to), None) if to else None
            return self.type(named, depth + 1) if named is not None else self.key(other, depth + 1)[1]
        if each.kind == "ArrayField":
            node = each.call.args[0] if each.call.args else each.words.get("base_field")
            inner = self.type(replace(each, kind=last_name(node), call=node)) if isinstance(node, ast.Call) else None
            return replace(inner, dimensions=inner.dimensions + 1) if inner is not None else None
        if each.kind == "GeneratedField":
            node = each.words.get("output_field")
            return self.type(replace(each, kind=last_name(node), call=node)) if isinstance(node, ast.Call) else None
        text = _TYPES.get(each.kind)
        if text is None:
            return None
        length = each.says("max_length")
        if text.startswith("varchar"):
            text = f"varchar({length})" if isinstance(length, int) and length > 0 else text
        if text == "numeric":
            digits, places = each.says("max_digits"), each.says("decimal_places")
            text = f"numeric({digits}, {places})" if isinstance(digits, int) and isinstance(places, int) else text
        return parsed_type(text, DIALECT)


def _assigned(body: Sequence[ast.stmt]) -> dict[str, ast.expr]:
    """The names that statements give a value, in their order."""
    found: dict[str, ast.expr] = {}
    for each in body:
        if isinstance(each, ast.Assign):
            found |= {target.id: each.value for target in each.targets if isinstance(target, ast.Name)}
        elif isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name) and each.value is not None:
            found[each.target.id] = each.value
    return found
