"""psycopg: connections to PostgreSQL, what its URLs say, and what its exceptions mean."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sdgen.databases.base import ServerAddress
from sdgen.databases.driver_errors import ROOM, UNREACHED, DriverErrors
from sdgen.databases.postgres.dialect import POSTGRES
from sdgen.databases.urls import without_password_of, without_schema
from sdgen.errors import Path, Problem
from sdgen.targets.base import REFUSED

if TYPE_CHECKING:
    import psycopg

PATIENCE = 10  # seconds to wait for a server
NO_SUCH_DATABASE, NOT_ALLOWED, IN_USE = "3D000", "42501", "55006"  # SQLSTATEs ("PostgreSQL Error Codes" in its manual)


def connect(
    url: str, *, autocommit: bool = False, patience: int = PATIENCE, name: str = "sdgen"
) -> psycopg.Connection[Any]:
    """A new connection, by whose name the server knows it. Raises the driver's own exceptions."""
    import psycopg

    return psycopg.connect(url, connect_timeout=patience, application_name=name, autocommit=autocommit)


def search_path(schema: str) -> str:
    """The value of search_path that makes a schema the first one looked in."""
    return f"{POSTGRES.quote(schema)}, public"


@cache
def errors() -> DriverErrors:
    """psycopg has a class for each SQLSTATE; one without a state never came from a server."""
    import psycopg
    from psycopg import errors as states

    return DriverErrors(
        {
            psycopg.Error: "",
            psycopg.Warning: "",
            psycopg.Rollback: "",
            states.DiskFull: ROOM,
            states.InsufficientPrivilege: "ask for the right to it (GRANT), or name another user in the URL",
            states.TooManyConnections: "raise max_connections, or try again when others have left",
        }
    )


def problem(error: BaseException, url: str, path: Path = ("target",)) -> Problem:
    """What an exception of the driver tells, without the URL's password."""
    text = without_password_of(url, " ".join(str(error).split()))
    otherwise = "" if len(path) < 2 else REFUSED
    return Problem(path, f"PostgreSQL: {text}", errors().hint(error, otherwise if sqlstate(error) else UNREACHED))


def sqlstate(error: BaseException) -> str:
    """The five letters by which the server tells what is wrong; "" where it was not the server."""
    return getattr(error, "sqlstate", None) or ""


def address(url: str) -> ServerAddress:
    """As the driver reads it: `?dbname=` wins, and `?service=` could name another."""
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        parts = conninfo_to_dict(without_schema(url)[0])
    except (ValueError, ProgrammingError):
        return ServerAddress("", readable=False)
    # A URL of libpq may name several hosts, each with a port, between commas.
    ports = str(parts.get("port") or "").split(",")
    readable = all(not port or (port.isdecimal() and 0 < int(port) < 65536) for port in ports)
    return ServerAddress("" if parts.get("service") else str(parts.get("dbname") or ""), readable)
