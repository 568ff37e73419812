"""SourceBox generators → the generators of a scenario: a table of names, and what becomes of their params."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sdgen.errors import did_you_mean
from sdgen.generators.text import vocabularies
from sdgen.readers.sourcebox.document import ColumnRecord, DocumentPart
from sdgen.readers.sourcebox.laws import by_law, choice, uniform
from sdgen.scenario.model import GeneratorSpec

Make = Callable[[ColumnRecord], GeneratorSpec | None]
BIRTHS = ("date_of_birth", "birth_date", "dob")
JOBS = ("job_title", "job")
_YEAR = 365


def named(column: ColumnRecord, industry: str, own: Mapping[str, GeneratorSpec]) -> GeneratorSpec | None:
    """The generator that a column names, with its distribution; None where it names none that is known.

    industry: whose vocabulary is looked into first. own: the document's own generators.
    """
    name = column.generator.strip()
    # Dates of birth come first: their `distribution` is one of ages, and no law of the column's own values.
    if name.lower() in BIRTHS and not _params(column).get("values"):
        return _birth(column)
    # Values and a distribution say what rows hold, whatever the generator beside them is called.
    made = _listed(column) or by_law(column)
    if made is not None:
        return made
    if name in own:
        return GeneratorSpec(type=name)
    make = MAKERS.get(name.lower())
    if make is not None:
        return make(column)
    preset = trade_preset(name, industry)
    if preset:
        return _bounded(column) or GeneratorSpec(type=preset)
    if name and name.lower() not in DERIVED:
        known = [*MAKERS, *DERIVED, *own, *(each.rpartition(".")[2] for each in vocabularies.names())]
        what = f"the generator {name!r} is not known: the column's name and type decide"
        column.part.note(what, "generator", hint=did_you_mean(name, known))
        return uniform(column)
    return uniform(column) if not name else None


def trade_preset(name: str, industry: str) -> str:
    """The full name of a vocabulary's preset, from that name or its last word; "" where there is none."""
    if vocabularies.preset(name):
        return name
    # A word such as `status` means another thing in each trade; the schema's own industry is asked first.
    order = sorted(vocabularies.VOCABULARIES, key=lambda each: each not in industry.lower())
    return next((f"{each}.{name}" for each in order if vocabularies.preset(f"{each}.{name}")), "")


def _listed(column: ColumnRecord) -> GeneratorSpec | None:
    """Values or ranges that a column lists, whatever its generator is called."""
    assert column.params is not None
    if column.params.get("ranges"):
        column.law = "ranges"
        return by_law(column)
    return choice(column)


def _bounded(column: ColumnRecord) -> GeneratorSpec | None:
    """A preset with bounds of the column's own is uniform between them."""
    assert column.params is not None
    return uniform(column) if {"min", "max"} <= column.params.value.keys() else None


def _plain(name: str, **params: Any) -> Make:
    return lambda column: GeneratorSpec(type=name, params=params)


def _params(column: ColumnRecord) -> DocumentPart:
    assert column.params is not None
    return column.params


def _phone(column: ColumnRecord) -> GeneratorSpec:
    asked = _params(column).text("format").lower()
    forms = {"us": "national", "national": "national", "international": "international", "digits": "digits"}
    if asked and asked not in forms:
        _params(column).note(f"no format of telephone numbers is called {asked!r}", "format")
    return GeneratorSpec(type="person.phone_number", params={"format": forms.get(asked, "national")})


def _birth(column: ColumnRecord) -> GeneratorSpec:
    params = _params(column)
    if column.law:
        params.note("dates of birth are spread evenly over the ages", "distribution")
        for key in ("mean", "std_dev", "mean_age"):
            params.get(key)
    low, high = params.whole("min_age", "min"), params.whole("max_age", "max")
    low, high = 18 if low is None else low, 80 if high is None else high
    return GeneratorSpec(type="person.birth_date", params={"min_age": min(low, high), "max_age": max(low, high)})


def _moment(column: ColumnRecord, sign: str, least: tuple[str, ...], most: tuple[str, ...]) -> GeneratorSpec:
    """Between so many days from now and so many, whichever of the two is written first."""
    params, bounds = _params(column), []
    # The same param is spelled for each unit: days_ago, months_ago.
    for unit, length in (("days", 1), ("months", 30), ("years", _YEAR), ("hours", 1 / 24)):
        for pattern in (*least, *most):
            number = params.number(pattern.replace("days", unit))
            bounds += [] if number is None else [abs(number) * length]
    near, far = (min(bounds), max(bounds)) if len(bounds) > 1 else (0, bounds[0] if bounds else _YEAR)
    near_text, far_text = (_ago(days, sign) for days in (near, far))
    start, end = (far_text, near_text) if sign == "-" else (near_text, far_text)
    return _between(column, start, end)


def _ago(days: float, sign: str) -> str:
    if not days:
        return "now"
    return f"{sign}{days:g}d" if days == int(days) and days < 1e6 else f"{sign}{min(round(days * 24), 10**7)}h"


def _past(column: ColumnRecord) -> GeneratorSpec:
    return _moment(
        column,
        "-",
        ("min_days_ago", "days_ago_min", "min_days"),
        ("max_days_ago", "days_ago_max", "days_ago", "max_days"),
    )


def _future(column: ColumnRecord) -> GeneratorSpec:
    least, most = (
        ("min_days_ahead", "days_ahead_min", "min_days"),
        ("max_days_ahead", "days_ahead_max", "days_ahead", "max_days"),
    )
    return _moment(column, "+", least, most)


def _between(column: ColumnRecord, start: str, end: str) -> GeneratorSpec:
    dated = column.type.kind == "date" or (column.type.kind in ("string", "text") and "date" in column.generator)
    return GeneratorSpec(type="date" if dated else "datetime", params={"start": start, "end": end})


def _dates(column: ColumnRecord) -> GeneratorSpec:
    params = _params(column)
    start, end = params.text("start_date", "start", "min", "from"), params.text("end_date", "end", "max", "to")
    start, end = (start or "-5y"), (end or "now")
    if start[:1].isdigit() and end[:1].isdigit() and start > end:
        params.note(f"{start} is after {end}: they are taken the other way round", "start_date", "start")
        start, end = end, start
    return _between(column, start, end)


def _numbers(column: ColumnRecord) -> GeneratorSpec | None:
    made = uniform(column)
    if made is None and column.generator:
        params = {"min": 0, "max": 1000}
        return GeneratorSpec(type="uniform_int" if column.type.kind.endswith("int") else "decimal", params=params)
    return made


def _enum(column: ColumnRecord) -> GeneratorSpec | None:
    # An enum type lists the values, which the generator need not repeat.
    if column.type.values:
        return GeneratorSpec(type="choice")
    column.part.note("the generator lists no values: the column's name and type decide", "generator")
    return None


def _chance(column: ColumnRecord) -> GeneratorSpec:
    params = _params(column)
    share = params.number("probability_true", "true_weight", "probability", "true_probability", "weight")
    other = params.number("false_weight", "probability_false")
    if share is not None and other:
        share = share / (share + other)
    share = 0.5 if share is None else share / 100 if share > 1 else share
    if not 0 <= share <= 1:
        params.refuse("the probability must be a share of 0 to 1, or a percentage", "probability_true", "true_weight")
        share = 0.5
    return GeneratorSpec(type="boolean", params={"probability": round(share, 6)})


def _job(column: ColumnRecord) -> GeneratorSpec:
    level = _params(column).text("level")
    if level.lower() not in ("", "mid", "middle"):
        _params(column).note(f"job titles have no level {level!r} here: they are of all levels", "level")
    return GeneratorSpec(type="person.occupation")


def _work_email(column: ColumnRecord) -> GeneratorSpec:
    domain = _params(column).text("domain")
    return (
        GeneratorSpec(type="person.email", params={"domain": domain}) if domain else GeneratorSpec(type="company.email")
    )


def _paragraphs(column: ColumnRecord) -> GeneratorSpec:
    count = _params(column).whole("paragraphs", "count")
    if not count or count < 2:
        return GeneratorSpec(type="text.paragraph")
    return GeneratorSpec(type="text.paragraphs", params={"nb_paragraphs": min(count, 50)})


def _document(column: ColumnRecord) -> GeneratorSpec | None:
    """A JSON object of the fields that its schema names, each by a generator or by its type."""
    fields = _params(column).part("schema", "fields", "properties")
    made: dict[str, Any] = {}
    for name, value in (fields.value if fields else {}).items():
        word = (
            value
            if isinstance(value, str)
            else value.get("generator", value.get("type"))
            if isinstance(value, dict)
            else ""
        )
        made[name] = _FIELDS.get(str(word).lower(), "text.word")
    return GeneratorSpec(type="json", params={"fields": made}) if made else None


# What fills a field of a JSON document whose type or generator is called so.
_FIELDS: Mapping[str, Any] = {
    **{
        name: {"generator": "uniform_int", "params": {"min": 1, "max": 1000}}
        for name in ("int", "integer", "int_range")
    },
    **{
        name: {"generator": "uniform_float", "params": {"max": 1000, "precision": 2}}
        for name in ("number", "float", "decimal", "float_range", "decimal_range")
    },
    **dict.fromkeys(("bool", "boolean", "boolean_random"), "boolean"),
    **dict.fromkeys(("date", "date_past"), "date"),
    **dict.fromkeys(("timestamp", "datetime", "timestamp_past"), "datetime"),
    "email": "person.email",
    "full_name": "person.full_name",
    "uuid": "uuid4",
}

# Names that are computed from other columns: `derived.py`.
DERIVED = ("maturity_date", "payment_date", "payment_amount", "payment_principal", "payment_interest", "payment_number")


def _same(make: Make, *names: str) -> dict[str, Make]:
    return dict.fromkeys(names, make)


MAKERS: Mapping[str, Make] = {
    **_same(_plain("person.first_name"), "first_name", "firstname"),
    **_same(_plain("person.last_name"), "last_name", "lastname"),
    **_same(_plain("person.full_name"), "full_name", "name", "fullname"),
    **_same(_plain("person.email"), "email", "email_address"),
    **_same(_plain("person.username"), "username", "user_name"),
    **_same(_phone, "phone", "phone_number"),
    **_same(_plain("address.address"), "address", "full_address"),
    **_same(_plain("address.street"), "street", "street_address"),
    **_same(_plain("address.city"), "city"),
    **_same(_plain("address.state"), "state"),
    **_same(_plain("address.state_code"), "state_code", "state_abbr"),
    **_same(_plain("address.postal_code"), "zip_code", "zip", "postal_code", "zipcode"),
    **_same(_plain("address.country"), "country"),
    **_same(_plain("address.country_code"), "country_code"),
    **_same(_plain("address.latitude"), "latitude"),
    **_same(_plain("address.longitude"), "longitude"),
    **_same(_plain("code.ssn"), "ssn"),
    **_same(_plain("pattern", regex="[0-9]{4}"), "ssn_last_4", "ssn_last4"),
    **_same(_birth, *BIRTHS),
    **_same(_plain("person.gender"), "gender"),
    **_same(_plain("company.name"), "company", "company_name"),
    **_same(_job, *JOBS),
    **_same(_work_email, "company_email", "work_email"),
    **_same(_plain("company.domain"), "domain", "domain_name"),
    **_same(_plain("internet.url"), "url", "website"),
    **_same(_plain("internet.ipv4"), "ip_address", "ipv4", "ip"),
    **_same(_plain("internet.user_agent"), "user_agent"),
    **_same(_plain("internet.password_hash"), "password", "password_hash"),
    **_same(_plain("uuid4"), "uuid", "uuid4", "guid"),
    **_same(_plain("sequence"), "sequence", "auto_increment", "serial", "row_number"),
    **_same(_past, "timestamp_past", "date_past", "datetime_past", "past_date"),
    **_same(_future, "timestamp_future", "date_future", "datetime_future", "future_date"),
    **_same(_dates, "date_between", "timestamp_between", "datetime_between", "date_range", "timestamp_range"),
    **_same(_plain("time"), "time", "time_of_day"),
    **_same(_numbers, "int_range", "float_range", "decimal_range", "int", "float", "decimal", "number", "integer"),
    **_same(_enum, "enum", "weighted", "weighted_enum", "weighted_choice", "choice", "random_choice"),
    **_same(_chance, "boolean_random", "weighted_boolean", "boolean", "bool"),
    **_same(_paragraphs, "lorem_ipsum", "lorem_paragraphs", "lorem"),
    **_same(_plain("text.paragraph"), "lorem_paragraph", "paragraph", "text"),
    **_same(_plain("text.sentence"), "lorem_sentence", "sentence"),
    **_same(_plain("text.word"), "lorem_word", "word"),
    **_same(_document, "json_object", "json"),
}
