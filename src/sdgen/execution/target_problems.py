"""What is wrong with a target: as it is written, for this caller, or by a guard on its database."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import unquote_plus

from sdgen.databases.urls import path_of, without_password
from sdgen.errors import Problem, TargetError, did_you_mean
from sdgen.execution import secrets, target_kinds
from sdgen.execution.access import Access, matches
from sdgen.execution.destinations import open_target
from sdgen.execution.target_spec import OPTIONS, ResolvedTarget, TargetSpec, has_other_kind
from sdgen.planning.dirt import broken_constraints
from sdgen.planning.plan import Plan
from sdgen.scenario.model import Scenario
from sdgen.scenario.output import LAYOUT
from sdgen.scenario.problems import Origin

_OF_FILES = (target_kinds.FILES, target_kinds.ICEBERG, target_kinds.OBJECT_STORE)
_STORING = (target_kinds.ICEBERG, target_kinds.OBJECT_STORE)
_HARMLESS_OPTIONS = ("schema", "sslmode", "charset", "connect_timeout", "application_name")


def spec_problems(spec: TargetSpec) -> Iterator[Problem]:
    """What is wrong with a target as it is written."""
    kind = target_kinds.named(spec.kind) or target_kinds.kind_of(spec.dsn)
    told = target_kinds.kind_of(spec.dsn)
    known = target_kinds.kinds()
    whole = spec.dsn.startswith("${")  # the secret may be the whole URL
    if not spec.dsn:
        yield Problem(("target", "dsn"), "the target has no dsn", "the destination is empty: give a URL, or a path")
        return
    if any(letter < " " or letter == "\x7f" for letter in spec.dsn):
        yield Problem(("target", "dsn"), "the dsn holds a control character, such as a line end", "leave it out")
        return
    if spec.kind and kind not in known:
        yield _unknown_kind(spec.kind)
    elif not kind and not whole:
        yield from _unknown_destination(spec)
    elif has_other_kind(spec):
        what = f"the kind is {spec.kind}, but {without_password(spec.dsn)} is of the kind {told}"
        yield Problem(("target", "kind"), what, "leave the kind out, or correct the dsn")
    facts = target_kinds.facts(kind)
    if facts.server and "://" not in spec.dsn and not whole:
        hint = f"write it as {kind}://user@host/database, or name another kind"
        yield Problem(("target", "dsn"), f"a target of the kind {kind} is a server, and {spec.dsn} is not a URL", hint)
    if spec.schema_ and not facts.schemas:
        yield Problem(("target", "schema"), f"a target of the kind {kind} has no schema", "leave it out")
    if spec.database and not facts.server:
        yield Problem(("target", "database"), f"a target of the kind {kind} has no database to choose", "leave it out")
    for name in spec.options.keys() - set(OPTIONS):
        yield Problem(("target", "options", name), f"unknown option {name!r}", did_you_mean(name, OPTIONS))
    if kind in known and kind not in _OF_FILES:
        for name in (each for each in LAYOUT if spec.options.get(each)):
            what = f"{name} is of files, and this is a target of the kind {kind}"
            yield Problem(("target", "options", name), what, "leave it out")
    if kind in known and spec.options.get("storage") and kind not in _STORING:
        what = "storage is of object stores and Iceberg catalogues"
        yield Problem(("target", "options", "storage"), what, "leave it out")
    elif not isinstance(spec.options.get("storage", {}), Mapping):
        yield Problem(("target", "options", "storage"), "must be a mapping from names to values, such as anon: true")
    for name in ("workers", "batch_size"):
        value = spec.options.get(name, 1)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            yield Problem(("target", "options", name), "must be a whole number")


def _unknown_destination(spec: TargetSpec) -> Iterator[Problem]:
    """What keeps a destination that doesn't tell its kind from being opened."""
    try:
        open_target(spec.dsn)
    except TargetError as error:
        yield from (Problem(("target", "dsn"), each.what, each.hint) for each in error.problems)


def _unknown_kind(kind: str) -> Problem:
    return Problem(
        ("target", "kind"), f"no kind of target is called {kind!r}", did_you_mean(kind, target_kinds.kinds())
    )


def guard_problems(target: ResolvedTarget, patterns: Sequence[str], hint: str) -> Iterator[Problem]:
    """Why a target's database is none that patterns such as *_demo allow; none where there are no patterns."""
    database = target_kinds.database_of(target.destination, target.kind)
    if patterns and tuple(patterns) != ("*",) and not matches(database, tuple(patterns)):
        called = f"the database {database!r}" if database else "a database that the dsn does not name"
        yield Problem(("target", "allow_databases"), f"{called} is not one of {', '.join(patterns)}", hint)


GUARD_VARIABLE = "SDGEN_ALLOW_DATABASES"


def database_problems(target: ResolvedTarget, patterns: Sequence[str], scenario: Scenario | None) -> Iterator[Problem]:
    """Why a run may not go to a database: by the request's guard, the environment's or the scenario's."""
    if not target_kinds.facts(target.kind).database:
        return
    yield from guard_problems(target, patterns, "name another database, or change --allow-databases")
    environment = tuple(os.environ.get(GUARD_VARIABLE, "").replace(",", " ").split())
    yield from guard_problems(target, environment, f"name another database, or change {GUARD_VARIABLE}")
    if scenario is not None:
        own = "name another database, or change the scenario's allow_databases"
        yield from guard_problems(target, scenario.allow_databases, own)


def dirt_problems(
    plan: Plan, target: ResolvedTarget, only: tuple[str, ...], origin: Origin | None
) -> Iterator[Problem]:
    """Which constraints of a database's tables the plan's dirt breaks; files have none."""
    # A script declares the constraints of its tables as a database has them.
    if target_kinds.facts(target.kind).database or target.kind == target_kinds.SCRIPT:
        for each in broken_constraints(plan, only):
            yield each if origin is None else origin.problem(each.path, each.what, each.hint, each.type)


def access_problems(spec: TargetSpec, access: Access) -> Iterator[Problem]:
    """Why a caller may not name this place in a request, or add it."""
    if not spec.dsn:
        return  # which `resolve_target` tells of
    kind = target_kinds.named(spec.kind) or target_kinds.kind_of(spec.dsn)
    if spec.kind and kind not in target_kinds.kinds():
        yield _unknown_kind(spec.kind)
        return
    if kind == target_kinds.STDOUT:
        return
    storage = [text for _, text in secrets.texts_of(spec.options.get("storage"))]
    if storage and access.destinations != ("*",):  # an endpoint would lead elsewhere
        yield Problem(("target", "options", "storage"), "storage is not allowed in requests", "leave it out")
    for name in (name for text in (spec.dsn, *storage) for name in secrets.secret_names(text)):
        if not access.allows_secret(name):
            yield Problem(
                ("target", "dsn"), f"${{{name}}} is not allowed in requests", "allowed: " + _join(access.secrets)
            )
    if target_kinds.facts(kind).local:
        yield from _allowed_file(spec, access)
    elif not access.allows_destination(spec.dsn):
        what = f"{without_password(spec.dsn)} is not a destination that requests may name"
        yield Problem(("target", "dsn"), what, "allowed: " + _join(access.destinations))
    elif access.destinations != ("*",):
        for name in _query_names(spec.dsn):
            if name not in _HARMLESS_OPTIONS:  # ?host= and the like would lead elsewhere
                yield Problem(
                    ("target", "dsn"), f"{name}= is not allowed in requests", "allowed: " + _join(_HARMLESS_OPTIONS)
                )


def _query_names(dsn: str) -> list[str]:
    """The names in a URL's query, whichever letters a driver takes to part them."""
    query = re.split(r"[&;#]", dsn.partition("?")[2])
    return [unquote_plus(each.partition("=")[0]) for each in query if each]


def _allowed_file(spec: TargetSpec, access: Access) -> Iterator[Problem]:
    # A secret may hold any path: where folders are limited, the path must stand there to be compared.
    hidden = access.folders is not None and "${" in spec.dsn
    if hidden or not access.allows_file(path_of(spec.dsn)):
        places = _join(tuple(str(folder) for folder in access.folders or ()))
        shown = without_password(spec.dsn)
        yield Problem(("target", "dsn"), f"{shown} is outside of the folders for files", f"allowed: {places}")


def _join(words: tuple[str, ...]) -> str:
    return ", ".join(words) or "none"
