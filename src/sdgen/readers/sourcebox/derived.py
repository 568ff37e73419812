"""Columns of a lender's tables that follow from others: a loan's maturity, and the plan by which it is paid back.

A payment's principal is an equal part of the loan, its interest a month's rate of what is still owed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from sdgen.readers.drafts import ColumnDraft, quoted_name
from sdgen.readers.sourcebox.document import ColumnRecord
from sdgen.readers.sourcebox.generators import BIRTHS, DERIVED, JOBS
from sdgen.readers.sourcebox.tables import TableRecord
from sdgen.scenario.model import GeneratorSpec
from sdgen.scenario.types import MOMENTS, NUMBERS, TIMES, Type

_DATES = ("funded_date", "start_date", "origination_date", "issue_date", "disbursed_date", "loan_date")
_AMOUNTS = ("loan_amount", "amount", "principal", "funded_amount", "principal_amount")
_TERMS = ("loan_term", "term_months", "term", "months", "loan_term_months")
_RATES = ("interest_rate", "rate", "apr", "annual_rate")
NUMBER = "payment_number"


@dataclass(frozen=True)
class Loan:
    """The link that leads from a payment to its loan, and the loan's table."""

    link: str
    table: TableRecord

    def column(self, names: Iterable[str], asked: str = "") -> str:
        """A column of the loan as an expression says it; "" where it has none of these names or generators."""
        found = find(self.table, names, asked.rpartition(".")[2])
        return f"{self.link}.{quoted_name(found)}" if found else ""


def derived(column: ColumnRecord, table: TableRecord, tables: Mapping[str, TableRecord]) -> GeneratorSpec | None:
    """The generator of a column that follows from others; None, and a note, where those are not found."""
    if column.generator not in DERIVED:
        return None
    made = _MAKERS[column.generator](column, table, loan_of(table, tables)) if _fits(column) else None
    if made is None:
        why = "the columns that it follows from are not found" if _fits(column) else f"it can't fill {column.type}"
        column.part.note(f"{column.generator}: {why}; the column's name and type decide", "generator")
    return made


def _fits(column: ColumnRecord) -> bool:
    return column.type.kind in (MOMENTS if column.generator.endswith("_date") else NUMBERS)


def loan_of(table: TableRecord, tables: Mapping[str, TableRecord]) -> Loan | None:
    """Where a table's rows belong: the link to a table of loans, or else its first link."""
    links = [(name, column.link[0]) for name, column in table.columns.items() if column.link]
    links.sort(key=lambda link: "loan" not in link[1].lower())
    return Loan(links[0][0], tables[links[0][1]]) if links else None


def numbered(table: TableRecord) -> str:
    """The column that numbers a table's payments; "" where there is none."""
    return next((name for name, column in table.columns.items() if column.generator == NUMBER and _fits(column)), "")


def needs_number(table: TableRecord) -> bool:
    """Whether a table's columns follow from the number of a payment that no column holds."""
    follows = {"payment_date", "payment_interest", "payment_amount"}
    return not numbered(table) and any(each.generator in follows and _fits(each) for each in table.columns.values())


def find(table: TableRecord, names: Iterable[str], asked: str = "") -> str:
    """A column by its own name where one is asked for, or else by a generator's or a usual name."""
    if asked in table.columns:
        return asked
    wanted = list(names)
    # What a column holds is told by its generator more surely than by its name.
    by_generator = [name for name, column in table.columns.items() if column.generator in wanted]
    return next(iter([*by_generator, *(name for name in wanted if name in table.columns)]), "")


def expression(sql: str) -> GeneratorSpec:
    return GeneratorSpec(type="expression", params={"sql": sql})


def _asked(column: ColumnRecord, *keys: str) -> str:
    assert column.params is not None
    value = column.params.get(*keys)
    return value if isinstance(value, str) else ""


def _kept(column: ColumnRecord) -> str:
    return {"date": "date", "timestamptz": "timestamptz"}.get(column.type.kind, "timestamp")


def _maturity(column: ColumnRecord, table: TableRecord, loan: Loan | None) -> GeneratorSpec | None:
    start = find(table, _DATES, _asked(column, "based_on", "start_date"))
    assert column.params is not None
    months = column.params.get("months_forward", "term", "months")
    number = (
        str(months)
        if isinstance(months, int)
        else quoted_name(find(table, _TERMS, months if isinstance(months, str) else ""))
    )
    if not start or not number.strip('"'):
        return None
    return expression(f"cast({quoted_name(start)} + to_months({number}) as {_kept(column)})")


def _date(column: ColumnRecord, table: TableRecord, loan: Loan | None) -> GeneratorSpec | None:
    asked = _asked(column, "based_on_loan", "based_on")
    start = loan.column(_DATES, asked) if loan else ""
    # Asked for and not used, so that the key is not told as unknown: payments are a month apart either way.
    _asked(column, "monthly_interval", "interval")
    if not start:
        return None
    return expression(f"cast({start} + to_months({quoted_name(numbered(table) or NUMBER)}) as {_kept(column)})")


def _parts(column: ColumnRecord, table: TableRecord, loan: Loan | None) -> tuple[str, str]:
    """A payment's principal and interest as expressions; "" for what can't be told."""
    amount = loan.column(_AMOUNTS, _asked(column, "calculated_from", "loan_amount")) if loan else ""
    term = loan.column(_TERMS, _asked(column, "term")) if loan else ""
    rate = loan.column(_RATES, _asked(column, "rate", "interest_rate")) if loan else ""
    if not amount or not term:
        return "", ""
    paid = f"({quoted_name(numbered(table) or NUMBER)} - 1) * {amount} / {term}"
    # Rates are yearly percentages: 1200 is twelve months times a hundred.
    return f"{amount} / {term}", f"greatest({amount} - {paid}, 0) * {rate} / 1200" if rate else ""


def _rounded(column: ColumnRecord, sql: str) -> GeneratorSpec | None:
    return expression(f"round({sql}, {column.type.scale if column.type.kind == 'decimal' else 2})") if sql else None


def _principal(column: ColumnRecord, table: TableRecord, loan: Loan | None) -> GeneratorSpec | None:
    return _rounded(column, _parts(column, table, loan)[0])


def _interest(column: ColumnRecord, table: TableRecord, loan: Loan | None) -> GeneratorSpec | None:
    return _rounded(column, _parts(column, table, loan)[1])


def _amount(column: ColumnRecord, table: TableRecord, loan: Loan | None) -> GeneratorSpec | None:
    """The sum of the columns of principal and interest where the table has both, so that they always agree."""
    others = {each.generator: name for name, each in table.columns.items()}
    both = [others.get("payment_principal", ""), others.get("payment_interest", "")]
    principal, interest = _parts(column, table, loan)
    # The columns' own rounded values are added up, or the sum would differ from them by a cent.
    if all(both) and principal and interest:
        return expression(" + ".join(quoted_name(name) for name in both))
    return _rounded(column, " + ".join(filter(None, (principal, interest))))


def _number(column: ColumnRecord, table: TableRecord, loan: Loan | None) -> GeneratorSpec:
    return GeneratorSpec(type="sequence", params={"per": loan.link} if loan else {})


_Maker = Callable[[ColumnRecord, TableRecord, Loan | None], GeneratorSpec | None]
_MAKERS: Mapping[str, _Maker] = {
    "maturity_date": _maturity,
    "payment_date": _date,
    "payment_amount": _amount,
    "payment_principal": _principal,
    "payment_interest": _interest,
    "payment_number": _number,
}


_LEVELS = {"entry": "Junior ", "junior": "Junior ", "mid": "", "middle": "", "senior": "Senior "}
_DAYS = 365.25


def personal(column: ColumnRecord, taken: Collection[str]) -> tuple[ColumnDraft, GeneratorSpec] | None:
    """The hidden column, and the generator that takes its values; None where none is needed."""
    # An expression repeats where what it is computed of does.
    if column.unique or column.primary_key:
        return None
    made = {**dict.fromkeys(BIRTHS, _born), **dict.fromkeys(JOBS, _titled)}.get(column.generator.strip().lower())
    found = made(column) if made is not None else None
    if found is None or found[0].name in taken:
        return None
    return found


def _born(column: ColumnRecord) -> tuple[ColumnDraft, GeneratorSpec] | None:
    """A date of birth so long ago as a normal law of ages, in years, says."""
    if column.law not in ("normal", "gaussian") or column.type.kind not in TIMES - {"time"}:
        return None
    assert column.params is not None
    low, high = column.params.whole("min_age", "min"), column.params.whole("max_age", "max")
    low, high = sorted((18 if low is None else low, 80 if high is None else high))
    mean, std = column.params.number("mean", "mean_age", "average"), column.params.number("std_dev", "stddev", "std")
    if low == high or mean is None or not low <= mean <= high:
        return None
    name, params = (
        f"{column.name}_age",
        {"mean": mean, "std": abs(std or 0) or (high - low) / 6, "min": low, "max": high},
    )
    age = ColumnDraft(name, Type("double"), GeneratorSpec(type="normal", params=params), hidden=True)
    # Rounded up, so that nobody is a day too young for the least age.
    days = f"to_days(cast(ceil({quoted_name(name)} * {_DAYS}) as int))"
    return age, expression(f"cast(as_of - {days} as {column.type.kind})")


def _titled(column: ColumnRecord) -> tuple[ColumnDraft, GeneratorSpec] | None:
    """A job title with the word for its level before it; those of the middle have none."""
    assert column.params is not None
    word = _LEVELS.get(column.params.text("level").lower(), "")
    if not word:
        return None
    name = f"{column.name}_trade"
    trade = ColumnDraft(name, Type("text"), GeneratorSpec(type="person.occupation"), hidden=True)
    return trade, expression(f"'{word}' || {quoted_name(name)}")
