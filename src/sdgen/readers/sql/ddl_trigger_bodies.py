"""What the body of a trigger does with an inserted row, as far as its text tells."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

NAME = r"((?:[\w$]+|\"[^\"]+\"|`[^`]+`|\[[^\]]+\])(?:\.(?:[\w$]+|\"[^\"]+\"|`[^`]+`|\[[^\]]+\]))?)"
ROUTINE = re.compile(rf"CREATE\s+(?:\w+\s+){{0,4}}?(?:FUNCTION|PROCEDURE)\s+{NAME}\s*\(", re.IGNORECASE)
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/|\\\s*\n", re.DOTALL)
_CALL = re.compile(r"(\w+)[\"`\]]?\s*\(")
_PARAM = re.compile(r"\s*(?:INOUT\s+|OUT\s+|IN\s+)?(\w+)", re.IGNORECASE)
_SETS = re.compile(r"\bNEW\.[\"`]?(\w+)[\"`]?\s*:?=(?!=)", re.IGNORECASE)
_UPDATES = re.compile(
    rf"(?<!FOR )(?<!DO )(?<!KEY )\bUPDATE\s+(?:OR\s+\w+\s+)?(?:ONLY\s+)?{NAME}(?:\s+(?:AS\s+)?(?!SET\b)\w+)?\s+SET\b"
    r"(.*?)(?:\bWHERE\b|\bFROM\b|;|$)",
    re.IGNORECASE | re.DOTALL,
)
_ASSIGNED = re.compile(r"(?:^|,)\s*(?:\w+\.)?[\"`\[]?(\w+)[\"`\]]?\s*=", re.DOTALL)
_ADDS = re.compile(rf"\bINSERT\s+(?:OR\s+\w+\s+|IGNORE\s+)?INTO\s+{NAME}\s*(\((?!\s*SELECT\b))?", re.IGNORECASE)
_VALUES = re.compile(r"\s*VALUES\s*\(", re.IGNORECASE)
_NEW = re.compile(r"NEW\.[\"`]?(\w+)[\"`]?", re.IGNORECASE)
_JSON = re.compile(
    r"\bjson\w*\s*\(\s*NEW\.[\"`]?(\w+)|NEW\.[\"`]?(\w+)[\"`]?\s*::\s*jsonb?\b|CAST\s*\(\s*NEW\.[\"`]?(\w+)[\"`]?\s+AS\s+JSON",
    re.IGNORECASE,
)
_VARIABLE = re.compile(r"@\w+")
_CHANGES_TABLES = re.compile(r"\bEXECUTE\b.*?\b(?:CREATE|ALTER|DROP)\s+TABLE\b", re.IGNORECASE | re.DOTALL)
_RAISE = r"(?:RAISE\s+EXCEPTION|RAISE\s*\(\s*(?:ABORT|FAIL|ROLLBACK)|SIGNAL\s+SQLSTATE)"
_REFUSALS = tuple(
    re.compile(pattern, re.IGNORECASE | re.DOTALL)
    for pattern in (
        rf"\bIF\b((?:(?!\bTHEN\b|;).)*)\bTHEN\s+{_RAISE}",
        rf"\bSELECT\s+{_RAISE}[^;]*?\)\s*WHERE\b([^;]*);",
        rf"\bSELECT\s+CASE\s+WHEN\b((?:(?!\bTHEN\b|;).)*)\bTHEN\s+{_RAISE}",
        rf"\bWHEN\b((?:(?!\bTHEN\b|\bBEGIN\b|;).)*)\bBEGIN\s+SELECT\s+{_RAISE}",
    )
)
# Of these a row's own values don't tell whether they hold: other rows, and what the session was told before.
_ELSEWHERE = re.compile(r"\bSELECT\b|(?<!@)@\w+", re.IGNORECASE)
_INTO = re.compile(
    r"\bSELECT\b[^;]*?\bINTO\s+(?:STRICT\s+)?([\w, ]+?)(?:\s+FROM\b|;)|\b(\w+)\s*:=\s*\(\s*SELECT\b", re.IGNORECASE
)
# That a row of another table is there is what a link sees to.
_PARENT = re.compile(
    rf"\bNOT\s+EXISTS\s*\(\s*SELECT\s+\S+\s+FROM\s+{NAME}\s+(?:(?:AS\s+)?(?!WHERE\b)\w+\s+)?WHERE\s+(?:\w+\.)?\w+\s*=\s*NEW\.\w+\s*\)",
    re.IGNORECASE,
)
_OTHER_EVENT = re.compile(r"\bOLD\.|TG_OP\s*(?:=\s*'(?:UPDATE|DELETE)'|(?:<>|!=)\s*'INSERT')", re.IGNORECASE)
_CHAIN = re.compile(r"\b(?:ELS(?:E\s*)?)?IF\b((?:(?!\bTHEN\b|;).)*)\bTHEN\b", re.IGNORECASE | re.DOTALL)
_LAST = re.compile(r"\bELSE\b(?!\s*IF\b)(.*?)\bEND\s+IF\b", re.IGNORECASE | re.DOTALL)
# The words that a condition over a row's own values may have.
_WORDS = frozenset(
    (
        *("and", "or", "not", "null", "is", "in", "between", "like", "true", "false"),
        *("length", "char_length", "lower", "upper", "trim", "coalesce", "abs", "date", "timestamp"),
    )
)


@dataclass(frozen=True)
class AddedRow:
    """A row that is added to a table: the columns that are named, and what stands behind each value.

    values: the inserted row's column; variables: one of the session's; each "" where it is something else.
    """

    table: str
    columns: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()


@dataclass(frozen=True)
class TriggerEffects:
    """What happens as a row is inserted.

    sets: columns by their tables. json: the row's columns that are read as JSON. kept: conditions that the row keeps,
    or is refused. ways: the conditions of one IF, of which a row keeps one or comes to its ELSE. otherwise: the tables
    that it then comes to. changes_tables: statements are put together that make, alter or drop tables.
    unset: a variable of the session that is a value of an added row, and that nothing here sets; with the row's table
    and column. refused_by: a condition on other rows or the session: whether it refuses the row can't be told.
    """

    sets: Mapping[str, Mapping[str, None]]
    adds: tuple[AddedRow, ...] = ()
    json: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    ways: tuple[str, ...] = ()
    otherwise: tuple[str, ...] = ()
    changes_tables: bool = False
    unset: tuple[str, str, str] | None = None
    refused_by: str = ""


def last_name(name: str) -> str:
    return re.split(r"\.(?=[^.]+$)", name)[-1].strip('"`[]').lower()


def without_comments(text: str) -> str:
    return _COMMENT.sub(" ", text)


def effects_of(table: str, body: str, routines: Mapping[str, str]) -> TriggerEffects:
    """What a trigger does; `routines`: the texts of functions and procedures by their names."""
    body = _with_routines(body, routines)
    sets: dict[str, dict[str, None]] = {table: dict.fromkeys(_SETS.findall(body))}
    for changed, assigned in _UPDATES.findall(body):
        sets.setdefault(last_name(changed), {}).update(dict.fromkeys(_ASSIGNED.findall(assigned)))
    added = tuple(_added_rows(body))
    refusals = [found for pattern in _REFUSALS for found in pattern.findall(body)]
    chain, last = _CHAIN.findall(body), _LAST.findall(body)
    flat = len(last) == 1 and len(re.findall(r"\bEND\s+IF\b", body, re.IGNORECASE)) == 1 and all(map(_is_plain, chain))
    return TriggerEffects(
        sets,
        added,
        tuple(dict.fromkeys("".join(found) for found in _JSON.findall(body))),
        tuple(f"NOT ({_of_row(each)})" for each in refusals if _is_plain(each)),
        tuple(_of_row(each) for each in chain) if flat else (),
        tuple(last_name(each[0]) for each in _ADDS.findall(last[0])) if flat else (),
        _CHANGES_TABLES.search(body) is not None,
        next(_unset(body, added), None),
        next((" ".join(each.split()) for each in refusals if _looks_elsewhere(each, body)), ""),
    )


def _looks_elsewhere(condition: str, body: str) -> bool:
    """Whether a condition that refuses rows depends on other rows, or on the session's variables."""
    if (_PARENT.search(condition) and not re.search(r"\bOR\b", condition)) or _OTHER_EVENT.search(condition):
        return False
    read = [name.strip() for names in _INTO.findall(body) for name in "".join(names).split(",")]
    words = set(re.findall(r"@?\w+", re.sub(r"'(?:[^']|'')*'", " ", condition)))
    return _ELSEWHERE.search(condition) is not None or not words.isdisjoint(read)


def _of_row(condition: str) -> str:
    """A condition with the inserted row's columns under their own names."""
    return _NEW.sub(r"\1", condition).strip()


def _is_plain(condition: str) -> bool:
    """Whether a condition speaks of the inserted row's values alone."""
    rest = re.sub(r"'(?:[^']|'')*'", " ", _NEW.sub(" ", condition))
    return bool(_NEW.search(condition)) and {word.lower() for word in re.findall(r"[A-Za-z_]\w*", rest)} <= _WORDS


def _with_routines(text: str, routines: Mapping[str, str]) -> str:
    """A body and those of the routines that it calls, which call the inserted row's values as it does."""
    parts = [text]
    for call in _CALL.finditer(text):
        routine = routines.get(call[1].lower())
        head = ROUTINE.match(routine) if routine is not None else None
        if routine is None or head is None:
            continue
        params, end = _between(routine, head.end())
        body = routine[end:]
        for param, value in zip(params, _between(text, call.end())[0], strict=False):
            own = _PARAM.match(param)
            if own is not None and _NEW.fullmatch(value.strip()):
                body = re.sub(rf"(?<![.\w]){own[1]}\b", value.strip(), body)
        others = {name: each for name, each in routines.items() if name != call[1].lower()}
        parts.append(_with_routines(body, others))
    return "\n".join(parts)


def _between(text: str, start: int) -> tuple[list[str], int]:
    """The parts between commas up to the bracket that ends the list which begins at `start`, and where that is."""
    depth, parts = 1, [""]
    for at in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        if not depth:
            return parts, at + 1
        if text[at] == "," and depth == 1:
            parts.append("")
        else:
            parts[-1] += text[at]
    return parts, len(text)


def _added_rows(body: str) -> Iterator[AddedRow]:
    for found in _ADDS.finditer(body):
        columns, end = _between(body, found.end()) if found[2] else ([], found.end())
        listed = _VALUES.match(body, end)
        values = _between(body, listed.end())[0] if listed is not None else []
        new = [_NEW.fullmatch(each.strip()) for each in values]
        yield AddedRow(
            last_name(found[1]),
            tuple(last_name(each.strip()) for each in columns),
            tuple(each[1].lower() if each is not None else "" for each in new),
            tuple(each.strip() if _VARIABLE.fullmatch(each.strip()) else "" for each in values),
        )


def _unset(body: str, added: tuple[AddedRow, ...]) -> Iterator[tuple[str, str, str]]:
    for row in added:
        for column, variable in zip(row.columns, row.variables, strict=False):
            name = re.escape(variable)
            set_here = rf"(?:\bSET|\bINTO|,)\s+{name}\b\s*(?:=|:=|;|,)|{name}\s*:="
            if variable and not re.search(set_here, body, re.IGNORECASE):
                yield variable, row.table, column
