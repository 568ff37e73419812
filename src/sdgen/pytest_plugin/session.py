"""What one pytest session holds: the cache, the servers, and the way from a test's marks to its database."""

from __future__ import annotations

import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sdgen.errors import Problem, SdgenError, TargetError, did_you_mean
from sdgen.execution.byte_counts import byte_count
from sdgen.pytest_plugin import SdgenWarning
from sdgen.pytest_plugin.cache import KINDS, Cache, Database, of_file
from sdgen.pytest_plugin.filling import FILES, Filler
from sdgen.pytest_plugin.marks import Mark, MarkOptions, mark_options
from sdgen.pytest_plugin.postgres import PostgresServer, problem_of

if TYPE_CHECKING:
    import pyarrow as pa

_NAMES = {**{kind: kind for kind in KINDS}, "postgresql": "postgres"}
_SERVER = (
    "give its URL: --sdgen-postgres=postgresql://user@host/database, the environment's SDGEN_POSTGRES_URL, "
    "sdgen_postgres in pytest's settings, or target= in the mark"
)
_NOTES = 20  # of one scenario that are shown


@dataclass
class Session:
    """A pytest session's data. temporary: the folder for what tests have for themselves."""

    config: pytest.Config
    temporary: Path
    _servers: dict[str, PostgresServer] = field(default_factory=dict)
    _filler: Filler | None = None

    @property
    def filler(self) -> Filler:
        if self._filler is None:
            try:
                limit = byte_count(self.config.getini("sdgen_cache_size"))
            except ValueError as error:
                raise SdgenError(f"sdgen_cache_size: {error}") from None
            self._filler = Filler(Cache(cache_folder(self.config) or self.temporary / "sdgen", limit), _warn)
        return self._filler

    def options_of(self, request: pytest.FixtureRequest) -> MarkOptions:
        """The dataset that the marks of a test ask for."""
        marks = (_mark(node, mark) for node, mark in request.node.iter_markers_with_node("sdgen"))
        with _failing():
            return mark_options(marks, self.config.rootpath)

    def tables(self, options: MarkOptions) -> dict[str, pa.Table]:
        """The entities as Arrow tables."""
        with _failing():
            return self.filler.tables(options)

    @contextmanager
    def database(self, options: MarkOptions, kind: str = "") -> Iterator[Database]:
        """A filled database that is no one else's, of a kind or as the options ask for; removed in the end."""
        with ExitStack() as stack:
            with _failing():
                database = stack.enter_context(self._database(options, kind or self._kind(options)))
            yield database

    def _database(self, options: MarkOptions, kind: str) -> AbstractContextManager[Database]:
        return self._file(options, kind) if kind in FILES else self._on_server(options)

    @contextmanager
    def _file(self, options: MarkOptions, kind: str) -> Iterator[Database]:
        folder = Path(tempfile.mkdtemp(prefix="sdgen-", dir=self.temporary))
        try:
            self.filler.file(options, kind, folder / f"data.{kind}")
            yield of_file(kind, folder / f"data.{kind}")
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def _on_server(self, options: MarkOptions) -> Iterator[Database]:
        server = self._server(options)
        # The same data in every kind of database have the same key, so that the kind is left out of a template's name.
        key = self.filler.key(options, "").removeprefix("-")
        name = server.database(key, lambda url: self.filler.write(options, url))
        try:
            yield Database("postgres", server.url_of(name))
        finally:
            with _failing():
                server.drop(name)

    def _kind(self, options: MarkOptions) -> str:
        named = options.target or self.config.option.sdgen_target or self.config.getini("sdgen_target") or "sqlite"
        kind = "postgres" if "://" in named else _NAMES.get(named)
        if kind is None:
            hint = "Arrow tables come as sdgen_tables" if named == "arrow" else did_you_mean(named, KINDS)
            raise TargetError(Problem(("target",), f"{named!r} is no kind of database", hint, options.place))
        return kind

    def _server(self, options: MarkOptions) -> PostgresServer:
        url = options.target if "://" in options.target else server_url(self.config)
        if not url:
            raise TargetError(Problem(("target",), "no PostgreSQL server is configured", _SERVER, options.place))
        if url not in self._servers:
            self._servers[url] = PostgresServer(url)
        return self._servers[url]

    def close(self) -> None:
        """Let go of the servers."""
        for server in self._servers.values():
            server.close()


class Factory:
    """Filled databases for fixtures of any scope, until the session ends. Arguments are those of the mark."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._stack = ExitStack()

    def __call__(self, scenario: Any, **arguments: Any) -> Database:
        """A database of the caller's own."""
        return self._stack.enter_context(self._session.database(self._options(scenario, arguments)))

    def tables(self, scenario: Any, **arguments: Any) -> dict[str, pa.Table]:
        """Arrow tables by entity."""
        return self._session.tables(self._options(scenario, arguments))

    def _options(self, scenario: Any, arguments: dict[str, Any]) -> MarkOptions:
        root = self._session.config.rootpath
        with _failing():
            return mark_options([Mark((scenario,), arguments, root, "sdgen_factory")], root)

    def close(self) -> None:
        """Remove its databases."""
        self._stack.close()


def clear(config: pytest.Config, templates: bool) -> None:
    """Forget all that was filled, so that it is made anew; with the server's templates where they are meant too."""
    folder = cache_folder(config)
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)
    url = server_url(config)
    if templates and url:
        server = PostgresServer(url)
        with suppress(Exception):  # the tests that need it tell why it can't be reached
            server.clear()
        server.close()


def cache_folder(config: pytest.Config) -> Path | None:
    """Beside what pytest keeps, not in it: a worker of pytest-xdist clears that while others run."""
    cache = getattr(config, "cache", None)
    if cache is None:
        return None
    with suppress(OSError):
        folder: Path = cache.mkdir("sdgen").parents[1] / "sdgen"
        folder.mkdir(exist_ok=True)
        # A folder that was made by another user may be there and refuse files.
        return folder if os.access(folder, os.W_OK) else None
    return None


def server_url(config: pytest.Config) -> str:
    """The PostgreSQL server's URL, as the command line, the environment or the settings have it."""
    given = config.option.sdgen_postgres or os.environ.get("SDGEN_POSTGRES_URL") or config.getini("sdgen_postgres")
    return str(given)


def _mark(node: Any, mark: pytest.Mark) -> Mark:
    folder = node.path if node.path.is_dir() else node.path.parent
    return Mark(mark.args, mark.kwargs, folder, node.nodeid)


def _warn(options: MarkOptions, notes: tuple[Problem, ...]) -> None:
    texts = [str(note) for note in notes[:_NOTES]]
    more = [f"and {len(notes) - _NOTES} more"] if len(notes) > _NOTES else []
    warnings.warn(
        SdgenWarning("\n".join([f"sdgen guessed, or left out ({options.place}):", *texts, *more])), stacklevel=2
    )


@contextmanager
def _failing() -> Iterator[None]:
    """What sdgen or a server refuses fails the test with that text alone: no traceback of sdgen's insides."""
    try:
        yield
    except SdgenError as error:
        raise _failure(str(error)) from None
    except Exception as error:
        # By the module's name, so that psycopg need not be imported to look for its exceptions.
        if not type(error).__module__.startswith("psycopg"):
            raise
        raise _failure(str(problem_of(error))) from None


def _failure(text: str) -> BaseException:
    text = text.replace(f"{Path.cwd()}{os.sep}", "")
    return pytest.fail.Exception(f"sdgen: {text}", pytrace=False)
