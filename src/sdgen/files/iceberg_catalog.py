"""An Iceberg catalogue as a destination names it.

    iceberg+sqlite:///lake/catalog.db?warehouse=lake/          a catalogue in a file; its folder if left out
    iceberg+postgresql://user:password@host/db?warehouse=s3://bucket/lake/&schema=shop
    iceberg+https://host/path?warehouse=name&token=${TOKEN}    a REST catalogue

What stands behind `iceberg+` is the catalogue's own URL; `schema` is the namespace, `name` the catalogue's name (both
`default` where left out), other parts of the query are its properties.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from sdgen.databases.driver_errors import next_step
from sdgen.databases.urls import path_of, without_password, without_password_of
from sdgen.errors import Problem, SdgenError, TargetError

SCHEME = "iceberg+"
# For a URL that names no driver SQLAlchemy takes psycopg2 or mysqlclient, which sdgen does not bring.
_DRIVERS: Mapping[str, str] = {
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
}
_REST = ("http", "https")
_DEFAULT = "default"


@dataclass(frozen=True)
class CatalogAddress:
    """What a destination says. file: of a catalogue in SQLite, which need not exist yet."""

    url: str
    properties: Mapping[str, Any]
    namespace: str
    name: str
    file: Path | None = None

    @classmethod
    def of(cls, destination: str, properties: Mapping[str, Any] | None = None) -> CatalogAddress:
        """TargetError where there can be no such catalogue."""
        place, _, query = destination.removeprefix(SCHEME).partition("?")
        told: dict[str, Any] = {**dict(parse_qsl(query, keep_blank_values=True)), **(properties or {})}
        namespace, name = told.pop("schema", "") or _DEFAULT, told.pop("name", "") or _DEFAULT
        scheme, _, rest = place.partition("://")
        file = path_of(place).absolute() if scheme == "sqlite" else None
        if file is not None:
            told.setdefault("warehouse", str(file.parent))
            place = f"sqlite:///{file}"
        if not told.get("warehouse") and scheme not in _REST:
            what = f"{without_password(destination)} names no warehouse, where the tables' files go"
            raise TargetError(Problem(("target",), what, "add ?warehouse=s3://bucket/lake/, or a folder"))
        if told.get("warehouse") and "://" not in told["warehouse"] and scheme not in _REST:
            told["warehouse"] = f"file://{Path(told['warehouse']).absolute()}"
        url = place if scheme in _REST else f"{_DRIVERS.get(scheme, scheme)}://{rest}" if file is None else place
        return cls(url, {"type": "rest" if scheme in _REST else "sql", "uri": url, **told}, namespace, name, file)

    @property
    def shown(self) -> str:
        return str(self.file) if self.file is not None else without_password(self.url)

    def open(self) -> Any:
        """The catalogue; TargetError where the package is missing, or the catalogue can't be reached."""
        try:
            from pyiceberg.catalog import load_catalog
        except ImportError:
            what = "Iceberg tables need the package pyiceberg"
            raise TargetError(Problem(("target",), what, 'pip install "sdgen[iceberg]"')) from None
        with self.translated("opened"):
            return load_catalog(self.name, **self.properties)

    @contextmanager
    def translated(self, done: str) -> Iterator[None]:
        """What the catalogue or its storage refuses, as a TargetError."""
        try:
            yield
        except SdgenError:
            raise
        except Exception as error:
            text = without_password_of(self.url, " ".join(str(error).split()) or type(error).__name__)
            what = f"the Iceberg catalogue {self.shown} can't be {done}: {text}"
            raise TargetError(Problem(("target",), what, next_step(text))) from None

    def identifier(self, table: str) -> tuple[str, str]:
        """A table's namespace and name."""
        schema, _, name = table.rpartition(".")
        return schema or self.namespace, name
