"""The pytest plugin, as suites that use it see it: most tests run a small suite of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest

import sdgen
from sdgen.errors import Cancelled
from sdgen.generators import registry
from sdgen.pytest_plugin import filling, marks, postgres, session
from sdgen.pytest_plugin.cache import Cache
from sdgen.pytest_plugin.marks import MarkOptions

pytest_plugins = ["pytester"]
assert duckdb
assert session

SHOP = """\
name: corner
entities:
  customers:
    rows: 100
    columns:
      id: {generator: sequence, primary_key: true}
      email: {generator: person.email, unique: true}
      opened: {generator: datetime, params: {start: 2020-01-01, end: 2025-01-01}}
  orders:
    rows: {per: customers, count: 2}
    columns:
      id: {generator: sequence, primary_key: true}
      customer_id: {generator: fk, params: {entity: customers, column: id}}
"""
MARK = "import pytest\npytestmark = pytest.mark.sdgen('corner.yaml', rows={'customers': 9})\n"
COUNT = "select count(*) from customers"


SMALL: dict[str, Any] = {
    "name": "small",
    "seed": 1,
    "entities": {"t": {"columns": {"id": {"generator": "sequence"}, "e": {"generator": "person.email"}}}},
}


@pytest.fixture(scope="module", autouse=True)
def imported(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Suites that run in this process forget what they import, and would import it again and again."""
    folder = tmp_path_factory.mktemp("imported")
    (folder / "corner.yaml").write_text(SHOP)
    for kind in ("sqlite", "duckdb"):
        sdgen.write(folder / "corner.yaml", folder / f"x.{kind}", rows=1)


@pytest.fixture(autouse=True)
def no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SDGEN_POSTGRES_URL", raising=False)


@pytest.fixture
def suite(pytester: pytest.Pytester) -> Callable[..., pytest.RunResult]:
    """`suite(text, *options)` runs tests of that text beside corner.yaml."""
    (pytester.path / "corner.yaml").write_text(SHOP)

    def run(text: str, *options: str) -> pytest.RunResult:
        pytester.makepyfile(test_it=text)
        return pytester.runpytest("-p", "no:randomly", *options)

    return run


Suite = Callable[..., pytest.RunResult]


def test_every_kind_of_data(suite: Suite) -> None:
    suite(
        MARK + f"COUNT = {COUNT!r}\n"
        "def test_sqlite(sdgen_sqlite, sdgen_sqlite_path):\n"
        "    assert sdgen_sqlite.execute(COUNT).fetchone() == (9,) and sdgen_sqlite_path.is_file()\n"
        "def test_duckdb(sdgen_duckdb, sdgen_duckdb_path):\n"
        "    assert sdgen_duckdb.execute(COUNT).fetchone() == (9,) and sdgen_duckdb_path.is_file()\n"
        "def test_arrow(sdgen_tables, sdgen_rows):\n"
        "    assert [table.num_rows for table in sdgen_tables.values()] == [9, 18]\n"
        "    assert sdgen_rows['customers'] == sdgen_tables['customers'].to_pylist()\n"
        "def test_database(sdgen_database):\n"
        "    assert sdgen_database.kind == 'sqlite' and sdgen_database.url == f'sqlite:///{sdgen_database.path}'\n"
        "    assert sdgen_database.connect().execute(COUNT).fetchone() == (9,)\n"
        "@pytest.mark.sdgen(target='duckdb')\n"
        "def test_target(sdgen_database):\n"
        "    assert sdgen_database.connect().execute(COUNT).fetchone() == (9,) and sdgen_database.kind == 'duckdb'\n"
    ).assert_outcomes(passed=5)


def test_each_test_has_a_database_of_its_own(suite: Suite) -> None:
    test = "    db.execute('delete from customers'); db.commit(); assert db.execute(COUNT).fetchone() == (0,)\n"
    suite(
        MARK + f"COUNT = {COUNT!r}\n@pytest.mark.parametrize('n', range(3))\n"
        "@pytest.mark.parametrize('kind', ['sdgen_sqlite', 'sdgen_duckdb'])\n"
        "def test_alone(request, kind, n):\n    db = request.getfixturevalue(kind)\n"
        "    assert db.execute(COUNT).fetchone() == (9,)\n    db.execute('delete from orders'); db.commit()\n" + test
    ).assert_outcomes(passed=6)


def test_the_nearest_mark_counts(suite: Suite) -> None:
    suite(
        MARK + "def size(tables): return tables['customers'].num_rows\n"
        "def test_module(sdgen_tables): assert size(sdgen_tables) == 9\n"
        "@pytest.mark.sdgen(rows={'customers': 8})\n"
        "class TestClass:\n"
        "    def test_class(self, sdgen_tables): assert size(sdgen_tables) == 8\n"
        "    @pytest.mark.sdgen(rows={'customers': 7})\n"
        "    def test_function(self, sdgen_tables): assert size(sdgen_tables) == 7\n"
        "    @pytest.mark.sdgen('corner.yaml')\n"
        "    def test_alone(self, sdgen_tables): assert size(sdgen_tables) == 100\n"
        "@pytest.mark.parametrize('n', [4, pytest.param(5, marks=pytest.mark.sdgen(rows=5))])\n"
        "def test_param(sdgen_tables, n): assert size(sdgen_tables) == (5 if n == 5 else 9)\n"
    ).assert_outcomes(passed=6)


def test_scenarios_of_every_spelling(suite: Suite, pytester: pytest.Pytester) -> None:
    folder = pytester.mkdir("shop")  # no obstacle to the template of that name
    (folder / "near.yaml").write_text(SHOP)
    (folder / "test_near.py").write_text(
        "import pytest\n"
        "@pytest.mark.sdgen('near.yaml')\ndef test_beside(sdgen_tables): assert len(sdgen_tables) == 2\n"
        "@pytest.mark.sdgen('corner.yaml')\ndef test_root(sdgen_tables): assert len(sdgen_tables) == 2\n"
    )
    suite(
        f"import pytest, pathlib\nTEXT = '''\n    {SHOP.replace(chr(10), chr(10) + '    ')}'''\n"
        "@pytest.mark.sdgen(TEXT)\ndef test_text(sdgen_tables): assert len(sdgen_tables) == 2\n"
        f"@pytest.mark.sdgen({SMALL!r}, rows=3)\ndef test_data(sdgen_tables): assert len(sdgen_tables['t']) == 3\n"
        "@pytest.mark.sdgen('shop', rows={'customers': 2})\n"
        "def test_template(sdgen_tables): assert len(sdgen_tables['customers']) == 2\n"
        "@pytest.mark.sdgen(pathlib.Path(__file__).parent / 'corner.yaml', include='customers')\n"
        "def test_path(sdgen_tables): assert list(sdgen_tables) == ['customers']\n"
        "@pytest.mark.sdgen(scenario='corner.yaml', exclude=['customers'], set={'entities.customers.rows': 4})\n"
        "def test_set(sdgen_tables): assert [len(t) for t in sdgen_tables.values()] == [8]\n"
    ).assert_outcomes(passed=7)


def test_rows_are_those_of_sdgen_generate(suite: Suite, pytester: pytest.Pytester) -> None:
    suite(
        MARK + "import sdgen, datetime as d\n"
        "def test_rows(sdgen_tables):\n"
        "    as_of = d.datetime(2026, 1, 1, tzinfo=d.UTC)\n"
        "    assert sdgen_tables == sdgen.generate('corner.yaml', seed=0, as_of=as_of, rows={'customers': 9})\n"
        "@pytest.mark.sdgen(seed=5, as_of='2024-02-03')\n"
        "def test_asked(sdgen_tables):\n"
        "    as_of = d.datetime(2024, 2, 3, tzinfo=d.UTC)\n"
        "    assert sdgen_tables == sdgen.generate('corner.yaml', seed=5, as_of=as_of, rows={'customers': 9})\n"
        "@pytest.mark.sdgen(rows={'customers': 0})\n"
        "def test_none(sdgen_tables): assert sdgen_tables['orders'].schema.names == ['id', 'customer_id']\n"
    ).assert_outcomes(passed=3)


WRONG = [
    ("", "no mark of the test names a scenario", "name a scenario"),
    ("rows=5", "no mark of the test names a scenario", "name a scenario"),
    ("'corner.yaml', row=5", "test_it.py::test_x: row: the mark has no argument 'row'", "did you mean 'rows'?"),
    ("'corner.yaml', 'b'", "the mark takes one scenario", "name=value"),
    ("'corner.yaml', rows={'custmers': 5}", "*'custmers'*", "did you mean 'customers'?"),
    ("'corner.yaml', rows={'customers': 'x'}", "test_it.py::test_x: rows.customers: *is not a *number*", ""),
    ("'corner.yaml', include='order'", "include.order: unknown entity 'order'", "did you mean 'orders'?"),
    ("'corner.yaml', exclude=['orders', 'customers']", "include and exclude leave no entity to write", ""),
    ("'corner.yaml', seed='x'", "test_it.py::test_x: seed: *is not a *number*", ""),
    (
        "'corner.yml'",
        "test_it.py::test_x: there is no 'corner.yml' beside the test or in *",
        "did you mean 'corner.yaml'?",
    ),
    ("'shp'", "there is no 'shp' beside the test", "did you mean 'shop'?"),
    ("'no.module:Base'", "*no.module*", ""),
    ("5", "a scenario can't be a int", "YAML text or a dict"),
    ("'corner.yaml', rules='none.yaml'", "*none.yaml*", ""),
    ("'corner.yaml', set=[1]", "set: must map paths to values", ""),
    ("'corner.yaml', target='oracle'", "'oracle' is no kind of database", "known: duckdb, postgres, sqlite"),
    ("'corner.yaml', target='arrow'", "'arrow' is no kind of database", "sdgen_tables"),
    ("'corner.yaml', target='postgres'", "no PostgreSQL server is configured", "--sdgen-postgres"),
    ("'corner.yaml', target='mysql://x/y'", "the server's address is no PostgreSQL URL", "postgresql://"),
    ("'corner.yaml', target='postgresql://u:hidden@127.0.0.1:1/d'", "PostgreSQL: *refused*", "is the server running"),
    ("'broken.yaml'", "*broken.yaml:5:*no param 'start'*", "known: max, min, step"),
    ("'name: x\\nentities: 5'", "test_it.py::test_x (text):2:*", ""),
]


@pytest.mark.parametrize(("mark", "what", "hint"), WRONG)
def test_what_is_wrong_is_told_without_a_traceback(
    suite: Suite, pytester: pytest.Pytester, mark: str, what: str, hint: str
) -> None:
    broken = "{generator: uniform_int, params: {start: 1, max: 3}}"
    (pytester.path / "broken.yaml").write_text(f"name: b\nentities:\n  t:\n    columns:\n      a: {broken}\n")
    decorator = f"@pytest.mark.sdgen({mark})\n" if mark else ""
    result = suite(f"import pytest\n{decorator}def test_x(sdgen_database): pass")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["sdgen: *", *([f"*{hint}*"] if hint else [])])
    result.stdout.fnmatch_lines([f"*{what}*"])
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*During handling*")
    result.stdout.no_fnmatch_line("*src/sdgen*")
    result.stdout.no_fnmatch_line("*hidden*")


ALL = MARK + "def test_all(sdgen_sqlite, sdgen_duckdb, sdgen_tables): assert len(sdgen_tables['customers']) == 9\n"


def test_the_second_session_takes_all_from_the_cache(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        filling, "outside_files", set
    )  # generators of other tests in this process are none of the suite's
    suite(ALL).assert_outcomes(passed=1)
    with monkeypatch.context() as changed:
        changed.setattr(filling, "resolve_mark", lambda wanted: pytest.fail("planned again"))
        suite(ALL).assert_outcomes(passed=1)
        suite(ALL, "--sdgen-clear").assert_outcomes(errors=1)
        suite(ALL, "--cache-clear").assert_outcomes(errors=1)
    suite(ALL, "-p", "no:cacheprovider").assert_outcomes(passed=1)


def test_a_changed_scenario_is_made_anew(suite: Suite, pytester: pytest.Pytester) -> None:
    text = MARK.replace(", rows={'customers': 9}", "")
    test = "def test_size(sdgen_tables): assert len(sdgen_tables['customers']) == {}\n"
    suite(text + test.format(100)).assert_outcomes(passed=1)
    (pytester.path / "corner.yaml").write_text(SHOP.replace("rows: 100", "rows: 30"))
    suite(text + test.format(30)).assert_outcomes(passed=1)


def test_a_changed_generator_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_registered", dict(registry._registered))
    monkeypatch.syspath_prepend(tmp_path)
    code = "import sdgen\n@sdgen.generator('mine', makes='int')\ndef mine(cells): return cells.below({})\n"
    asked = MarkOptions({"name": "own", "entities": {"t": {"columns": {"a": {"generator": "mine"}}}}})
    (tmp_path / "own_generators.py").write_text(code.format(3))
    import_module("own_generators")
    before = marks.resolve_mark(asked).hash
    (tmp_path / "own_generators.py").write_text(code.format(40))
    assert marks.resolve_mark(asked).hash != before
    filler = filling.Filler(Cache(tmp_path, 1000))
    filler.resolve(asked)
    assert filler.cache.noted(marks.request_key(asked)) == ""


def test_a_schema_is_read_with_its_notes_as_a_warning(suite: Suite, pytester: pytest.Pytester) -> None:
    (pytester.path / "s.sql").write_text("CREATE TABLE t (id int PRIMARY KEY, a int CHECK (odd_function(a) > 0));")
    result = suite(
        "import pytest\n@pytest.mark.sdgen('s.sql', rows=5)\ndef test_s(sdgen_rows): assert len(sdgen_rows['t']) == 5"
    )
    result.assert_outcomes(passed=1, warnings=1)
    result.stdout.fnmatch_lines(["*SdgenWarning: sdgen guessed, or left out (test_it.py::test_s)*", "*s.sql:1:*"])


def test_fixtures_of_a_wider_scope(suite: Suite) -> None:
    suite(
        f"import pytest\nCOUNT = {COUNT!r}\n"
        "@pytest.fixture(scope='module')\n"
        "def db(sdgen_factory):\n"
        "    one, two = (sdgen_factory('corner.yaml', rows=6, target='duckdb') for _ in range(2))\n"
        "    assert one.path != two.path\n    assert len(sdgen_factory.tables('corner.yaml')['customers']) == 100\n"
        "    return one.connect()\n"
        "def test_one(db): assert db.execute(COUNT).fetchone() == (6,); db.execute('drop table orders')\n"
        "def test_two(db): assert [r[0] for r in db.execute('show tables').fetchall()] == ['customers']\n"
        "def test_wrong(sdgen_factory):\n"
        "    with pytest.raises(pytest.fail.Exception, match=\"did you mean 'rows'\"): sdgen_factory('corner.yaml', row=1)\n"
    ).assert_outcomes(passed=3)


def test_help_is_there(pytester: pytest.Pytester) -> None:
    pytester.runpytest("--markers").stdout.fnmatch_lines(["@pytest.mark.sdgen(scenario, *, rows, *"])
    pytester.runpytest("--fixtures").stdout.fnmatch_lines(["sdgen_tables*", "    The marked scenario as Arrow tables*"])
    pytester.runpytest("--help").stdout.fnmatch_lines(["*--sdgen-postgres=URL*", "*sdgen_cache_size (string)*"])


def test_loading_the_plugin_is_light() -> None:
    heavy = {"numpy", "pyarrow", "pydantic", "duckdb", "sqlite3", "psycopg", "sdgen.errors"}
    code = f"import sys, sdgen.pytest_plugin.plugin; assert not {heavy} & set(sys.modules), sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_extras_are_not_needed(tmp_path: Path) -> None:
    (tmp_path / "corner.yaml").write_text(SHOP)
    extras = ["sqlalchemy", "fastapi", "tree_sitter", "chdb", "pymysql"]
    code = (
        f"import sys, pathlib\nsys.modules.update(dict.fromkeys({extras}))\n"
        "from sdgen.pytest_plugin.filling import Cache, Filler, MarkOptions\nhere = pathlib.Path(sys.argv[1])\n"
        "Filler(Cache(here / 'c', 9999999)).file(MarkOptions('corner.yaml', (here,)), 'sqlite', here / 'x.sqlite')\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)


def test_workers_make_data_once_and_share_it(suite: Suite, pytester: pytest.Pytester) -> None:
    (pytester.path / "corner.yaml").write_text(SHOP)
    pytester.makepyfile(
        MARK + "@pytest.mark.parametrize('n', range(6))\ndef test_n(n, sdgen_sqlite, sdgen_tables): assert sdgen_tables"
    )
    pytester.runpytest_subprocess("-n", "2", "--cache-clear").assert_outcomes(passed=6)
    kinds = sorted(
        path.name.split("-")[0] for path in (pytester.path / ".pytest_cache/sdgen").iterdir() if path.is_dir()
    )
    assert kinds == ["arrow", "sqlite"]


# PostgreSQL


def databases(url: str, kind: str) -> list[str]:
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", (f"sdgen\\_{kind}\\_%",))
        return sorted(row[0] for row in found)


def test_postgres_databases_are_private_and_dropped(suite: Suite, postgres_url: str) -> None:
    result = suite(
        MARK + f"COUNT = {COUNT!r}\n@pytest.mark.parametrize('n', range(2))\n"
        "def test_it(sdgen_postgres, sdgen_postgres_url, n):\n"
        "    assert sdgen_postgres.execute(COUNT).fetchone() == (9,)\n"
        "    sdgen_postgres.execute('delete from orders'); sdgen_postgres.execute('delete from customers')\n"
        "    sdgen_postgres.commit()\n"
        "def test_database(sdgen_database):\n"
        "    assert sdgen_database.kind == 'postgres'\n"
        "    assert sdgen_database.connect().execute(COUNT).fetchone() == (9,)\n",
        f"--sdgen-postgres={postgres_url}",
        "--sdgen-target=postgresql",
    )
    result.assert_outcomes(passed=3)
    assert databases(postgres_url, "test") == []
    assert len(databases(postgres_url, "template")) == 1
    suite(MARK + "def test_none(): pass", f"--sdgen-postgres={postgres_url}", "--sdgen-clear").assert_outcomes(passed=1)
    assert databases(postgres_url, "template") == []


def filled(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE t AS SELECT 1")


def test_a_failed_fill_leaves_no_database(postgres_url: str) -> None:
    server = postgres.PostgresServer(postgres_url)
    with pytest.raises(KeyboardInterrupt):
        server.database("a", lambda url: signal.raise_signal(signal.SIGINT))
    assert databases(postgres_url, "test") == databases(postgres_url, "template") == []
    server.close()


def test_what_a_killed_session_left_is_dropped_and_what_a_live_one_has_is_not(postgres_url: str) -> None:
    dead, live, new = (postgres.PostgresServer(postgres_url) for _ in range(3))
    left = dead.database("a", filled)
    held = live.database("a", filled)
    assert dead._connection is not None
    dead._connection.close()
    made = new.database("b", filled)
    assert set(databases(postgres_url, "test")) == {held, made} != {left}
    live.close()
    assert databases(postgres_url, "test") == [made]
    new.clear()
    new.close()


def test_templates_are_bounded(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "TEMPLATES", 2)
    server = postgres.PostgresServer(postgres_url)
    for key in "abac":
        server.drop(server.database(key, filled))
    assert [name[-1] for name in databases(postgres_url, "template")] == ["a", "c"]
    server.clear()
    server.close()


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("postgresql://u:p@h:5/a?host=/tmp&schema=s", "postgresql://u:p@h:5/b?host=/tmp"),
        ("postgres://h", "postgresql://h/b"),
        ("postgresql+psycopg://u@h/a", "postgresql://u@h/b"),
        ("postgresql:///a?host=/run", "postgresql:///b?host=/run"),
    ],
)
def test_urls_of_other_databases(url: str, wanted: str) -> None:
    assert postgres.with_database(url, "b") == wanted


# The cache


def written(text: str) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        (folder / "a").write_text(text)

    return make


def refuse(folder: Path) -> None:
    raise AssertionError("made again")


KEY = "sqlite-00000000"


def test_an_entry_is_made_once(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "c", 1000)
    assert (cache.entry(KEY, written("x")) / "a").read_text() == "x"
    assert (cache.entry(KEY, refuse) / "a").read_text() == "x"


def test_threads_wait_for_whoever_makes_an_entry(tmp_path: Path) -> None:
    made = []

    def make(folder: Path) -> None:
        made.append(folder)
        time.sleep(0.05)
        written("x")(folder)

    threads = [threading.Thread(target=Cache(tmp_path, 1000).entry, args=(KEY, make)) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1


@pytest.mark.parametrize("harm", ["shorter", "gone", "unlisted", "nonsense"])
def test_what_is_not_whole_is_made_anew(tmp_path: Path, harm: str) -> None:
    cache = Cache(tmp_path, 1000)
    folder = cache.entry(KEY, written("old"))
    sizes = folder / "sizes.json"
    harms: dict[str, Callable[[], object]] = {
        "shorter": lambda: (folder / "a").write_text("o"),
        "gone": (folder / "a").unlink,
        "unlisted": sizes.unlink,
        "nonsense": lambda: sizes.write_text("[1"),
    }
    harms[harm]()
    assert (cache.entry(KEY, written("new")) / "a").read_text() == "new"


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        Cache(tmp_path, 1000).entry(KEY, refuse)
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []


def test_a_killed_process_leaves_nothing_that_counts(tmp_path: Path) -> None:
    code = (
        "import os, pathlib, signal, sys\nfrom sdgen.pytest_plugin.cache import Cache\n"
        "def make(folder):\n    (folder / 'a').write_text('half'); os.kill(os.getpid(), signal.SIGKILL)\n"
        f"Cache(pathlib.Path(sys.argv[1]), 9).entry({KEY!r}, make)\n"
    )
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)]).returncode == -signal.SIGKILL
    assert [path.name[:8] for path in tmp_path.iterdir() if path.is_dir()] == [".filling"]
    assert (Cache(tmp_path, 1000).entry(KEY, written("whole")) / "a").read_text() == "whole"
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == [KEY]


def test_the_cache_is_bounded_and_keeps_what_was_used_last(tmp_path: Path) -> None:
    cache = Cache(tmp_path, 300)
    for age, number in enumerate((1, 2, 3)):
        entry = cache.entry(f"sqlite-0000000{number}", written("x" * 80))
        os.utime(entry / "sizes.json", (age, age))
    assert cache.find("sqlite-00000001")
    cache.entry("sqlite-00000004", written("x" * 80))
    assert sorted(path.name[-1] for path in tmp_path.iterdir() if path.is_dir()) == ["1", "3", "4"]
    cache.entry("sqlite-00000005", written("x" * 900))
    assert [path.name[-1] for path in tmp_path.iterdir() if path.is_dir()] == ["5"]


def test_ctrl_c_stops_a_fill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(*args: Any, cancel: threading.Event, **kwargs: Any) -> None:
        signal.raise_signal(signal.SIGINT) if threading.current_thread() is threading.main_thread() else os.kill(
            os.getpid(), signal.SIGINT
        )
        while not cancel.is_set():
            time.sleep(0.01)
        raise Cancelled("stopped")

    monkeypatch.setattr("sdgen.execution.execute.execute", endless)
    filler = filling.Filler(Cache(tmp_path, 1000))
    with pytest.raises(KeyboardInterrupt):
        filler.file(MarkOptions(SMALL), "sqlite", tmp_path / "to")
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []


def test_today_is_another_dataset_each_day(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = MarkOptions(SMALL, request={"as_of": "today"})
    before = marks.request_key(asked)
    assert marks.resolve_mark(asked).plan.as_of.date() == datetime.now(UTC).date()
    monkeypatch.setattr(marks, "_today", lambda: "2030-01-01")
    assert marks.request_key(asked) != before
    assert marks.resolve_mark(asked).plan.as_of == datetime(2030, 1, 1, tzinfo=UTC)
