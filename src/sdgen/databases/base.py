"""What a database must offer, and what it may: one record for each kind of database.

Each database is a package of its own, and its driver is imported there alone. The modules in it are called alike:

    __init__     the record, which imports no driver: whatever opens something does so in a function
    dialect      what the database calls types, and how it quotes names
    connection   the driver: how a connection is made, and what its exceptions mean
    target       rows go in: `targets.base.Target`, and whichever of the protocols beside it the database can keep
    create, load, encode    parts of the target
    introspect   what the catalogue says of tables, and what reads their rows back: `table_reader.TableReader`

`registry` lists the kinds that sdgen comes with; another package names its own as an entry point of the group
`sdgen.databases`, and is written to, verified, counted and read like those.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from sdgen.databases.dialect import Dialect

if TYPE_CHECKING:  # the record of a database is made at start-up, and Arrow takes long to load
    from sdgen.databases.catalog import Catalog, Statements
    from sdgen.databases.driver_errors import DriverErrors
    from sdgen.databases.table_reader import TableReader
    from sdgen.targets.base import Table, Target


@dataclass(frozen=True)
class ServerAddress:
    """What a URL says: the database it leads to ("" where it names none), and whether its host and port are ones."""

    database: str
    readable: bool = True


def server_address(url: str) -> ServerAddress:
    """The address in a URL that is written as usual: scheme://host:port/database."""
    try:
        parts = urlsplit(url)
        return ServerAddress(unquote(parts.path.strip("/").partition("/")[0]), parts.port != 0)
    except ValueError:
        return ServerAddress("", readable=False)


@dataclass(frozen=True)
class DatabaseKind:
    """A kind of database. Destinations are given to its functions as they were written: URLs, or paths.

    What it must offer:

    name:        what targets' `kind` and messages call it.
    schemes:     of its URLs, `postgresql` for `postgresql://…`.
    dialect:     what it calls types; several kinds may share one.
    open_target: what writes there; nothing is opened yet.
    open_reader: what reads back, opened. TargetError where there is nothing to be read.
    errors:      what the exceptions of its driver mean.

    What it may:

    suffixes:    of its files, `.duckdb`: a path that ends so is a destination.
    local:       it is a file or folder of this machine; else a server's, with a database's name in its URL.
    schemas:     its URLs take `?schema=name`.
    address:     reads the URL of a server as its driver does.
    count_rows:  rows by table, of those that are there, where asking is quick and changes nothing. May raise anything.
    introspect:  what its catalogue says. SourceError where it can't be asked.
    connect:     a new DB-API connection of the driver, for those who want one of their own.
    """

    name: str
    schemes: tuple[str, ...]
    dialect: Dialect
    open_target: Callable[[str], Target]
    open_reader: Callable[[str], TableReader]
    errors: Callable[[], DriverErrors]
    suffixes: tuple[str, ...] = ()
    local: bool = False
    schemas: bool = False
    address: Callable[[str], ServerAddress] = server_address
    count_rows: Callable[[str, Sequence[Table]], Mapping[str, int]] | None = None
    introspect: Callable[[str], Catalog | Statements] | None = None
    connect: Callable[[str], Any] | None = None
