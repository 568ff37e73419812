"""The catalogue: which generators there are, and one made from a name and params."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from inspect import signature
from pathlib import Path
from typing import Any, ClassVar, TypeVar, get_type_hints

import pyarrow as pa
from pydantic import create_model

from sdgen.generators.base import ColumnBatch, Generator
from sdgen.generators.text import vocabularies
from sdgen.scenario.types import Type, parse_type

ENTRY_POINTS = "sdgen.generators"

# One line a family: its module, and the names it registers.
FAMILIES: dict[str, tuple[str, ...]] = {
    "keys": ("const", "sequence", "uuid4", "uuid7"),
    "links.links": ("fk", "parent"),
    "links.rollups": ("rollup",),
    "links.polymorphic": ("polymorphic",),
    "numbers.uniform": ("boolean", "uniform_int", "uniform_float", "decimal"),
    "numbers.distributions": ("normal", "lognormal", "exponential", "poisson", "zipf"),
    "numbers.ranges": ("ranges",),
    "choices.choices": ("choice",),
    "choices.lookup": ("lookup",),
    "choices.subsets": ("subset",),
    "choices.mixtures": ("mixture",),
    "choices.given": ("given",),
    "choices.restricted": ("restricted",),
    "moments.uniform": ("date", "datetime", "time"),
    "moments.after": ("after", "above"),
    "moments.slots": ("slot",),
    "text.encodings": ("as_text", "epoch", "bytes"),
    "moments.series": ("time_series",),
    "moments.timeline": ("timeline",),
    "moments.schedule": ("schedule",),
    "lifecycles.lifecycle": ("lifecycle", "lifecycle.moment", "lifecycle.step", "lifecycle.count"),
    "series.series": ("series",),
    "series.counters": ("counter",),
    "series.balances": ("balance",),
    "series.during": ("during",),
    "people.people": (
        "person.full_name",
        "person.name",
        "faker_name",
        "person.first_name",
        "person.last_name",
        "person.surname",
        "person.gender",
        "person.sex",
        "person.title",
        "person.occupation",
        "person.job_title",
        "person.email",
        "person.username",
    ),
    "people.lives": (
        "person.birth_date",
        "person.birthdate",
        "person.date_of_birth",
        "person.age",
        "person.height",
        "person.weight",
        "person.bmi",
    ),
    "people.phones": (
        "person.phone_number",
        "person.phone",
        "person.telephone",
    ),
    "patterns.patterns": ("pattern",),
    "text.templates": ("template",),
    "jinja": ("jinja",),
    "expressions": ("expression",),
    "nested.nested": ("array", "map", "struct", "json", "tuple"),
    "places.places": (
        "address.city",
        "faker_city",
        "address.state",
        "address.region",
        "address.province",
        "address.state_code",
        "address.county",
        "address.country",
        "address.country_code",
        "address.time_zone",
        "address.street",
        "address.street_address",
        "address.street_name",
        "address.street_number",
        "address.postal_code",
        "address.zip_code",
        "address.address",
        "address.full_address",
        "address.latitude",
        "address.longitude",
    ),
    "codes.codes": (
        "code.ean13",
        "code.ean",
        "code.ean8",
        "code.isbn13",
        "code.isbn",
        "code.imei",
        "code.npi",
        "code.ssn",
        "code.sku",
        "code.hex_color",
        "code.version",
        "code.color_name",
        "code.color",
        "code.device_name",
        "faker_device_name",
        "code.hex",
        "code.token",
        "code.pin",
    ),
    "codes.checked": (
        "code.vin",
        "code.isin",
        "code.cusip",
        "code.sedol",
        "code.figi",
        "code.lei",
        "code.vat",
        "code.cpf",
        "code.cnpj",
        "code.siren",
        "code.siret",
        "code.ein",
        "code.abn",
        "code.cuit",
        "code.rut",
        "code.gstin",
        "code.nhs_number",
        "code.bsn",
        "code.dni",
        "code.pesel",
        "code.aadhaar",
        "code.sin",
        "code.orcid",
        "code.dea",
        "code.issn",
        "code.isbn10",
        "code.upc",
        "code.gtin14",
        "code.sscc",
        "code.gln",
        "code.imo",
        "code.container",
        "code.iccid",
        "code.creditor_reference",
    ),
    "codes.facts": (
        "icd10.code",
        "icd10.description",
        "icd10.chapter",
        "loinc.code",
        "loinc.name",
        "loinc.unit",
        "loinc.low",
        "loinc.high",
        "loinc.value",
        "drg.code",
        "drg.description",
        "drg.type",
        "hcpcs.code",
        "hcpcs.description",
        "naics.code",
        "naics.title",
        "hs.code",
        "hs.description",
        "mcc.code",
        "mcc.description",
        "airport.iata",
        "airport.icao",
        "airport.name",
        "airport.city",
        "airport.country_code",
        "locode.code",
        "locode.name",
        "locode.country_code",
        "bank.bic",
        "bank.name",
        "bank.country_code",
        "incoterm.code",
        "incoterm.name",
        "hazmat.code",
        "hazmat.name",
        "hazmat.hazard_class",
    ),
    "business.finance": (
        "finance.iban",
        "finance.currency_code",
        "finance.price",
        "finance.account_number",
        "finance.bic",
        "finance.routing_number",
        "finance.transaction_id",
    ),
    "business.cards": (
        "finance.credit_card_number",
        "finance.credit_card_type",
        "payment.credit_card_number",
        "payment.credit_card_network",
    ),
    "codes.internet": (
        "internet.url",
        "internet.uri",
        "internet.domain_name",
        "internet.hostname",
        "internet.slug",
        "text.slug",
        "internet.hashtag",
        "internet.user_agent",
        "internet.mac",
        "internet.mac_address",
        "internet.ipv4",
        "internet.ip_v4",
        "internet.ipv6",
        "internet.ip_v6",
        "internet.password_hash",
        "internet.http_status",
        "internet.http_status_code",
        "internet.http_method",
        "internet.port",
    ),
    "text.phrases": ("text.phrases",),
    "text.grammar": ("text.grammar",),
    "text.excerpts": ("text.excerpt",),
    "text.markov": ("text.markov",),
    "text.prose": (
        "text.word",
        "text.words",
        "text.title",
        "text.sentence",
        "text.paragraph",
        "text.paragraphs",
        "text.text",
        "text.quote",
    ),
    "business.companies": (
        "company.name",
        "company.company",
        "company.suffix",
        "company.industry",
        "company.catch_phrase",
        "company.domain",
        "company.email",
    ),
    "business.products": ("product.name", "product.category", "product.description"),
}

_registered: dict[str, type[Generator]] = {}
Function = Callable[..., Any]
_G = TypeVar("_G", bound=type[Generator])


def register(*names: str) -> Callable[[_G], _G]:
    """Class decorator: make a generator known under these names."""

    def add(generator: _G) -> _G:
        for name in names:
            _registered[name] = generator
        return generator

    return add


def find(name: str) -> type[Generator] | None:
    """The class registered under a name, or of the generator a vocabulary's preset stands for; None for neither."""
    preset = vocabularies.preset(name)
    if preset is not None and name not in _registered:
        return find(preset.spec.type)
    if name not in _registered:
        _load(name)
    return _registered.get(name)


def spellings(name: str) -> tuple[str, ...]:
    """All names of the generator that a name stands for, the one it is documented under first.

    A class of several generators tells in `about` which names those are; each other name is a spelling of the one
    that it stands behind in its family.
    """
    kind = find(name)
    if kind is None:
        return (name,)
    listed = next((names for names in FAMILIES.values() if name in names), (name,))
    groups: list[list[str]] = []
    for each in listed:
        if find(each) is kind:
            if not groups or each in kind.about:
                groups.append([])
            groups[-1].append(each)
    return next((tuple(group) for group in groups if name in group), (name,))


def make(name: str, params: dict[str, Any]) -> Generator:
    """A generator from its name and params; KeyError for an unknown name, pydantic.ValidationError for bad params."""
    preset = vocabularies.preset(name)
    if preset is not None and name not in _registered:
        return make(preset.spec.type, {**preset.spec.params, **params})
    kind = find(name)
    if kind is None:
        raise KeyError(name)
    made = kind.model_validate(params)
    object.__setattr__(made, "_called", name)
    return made


def names() -> list[str]:
    """All registered names and those of vocabularies' presets, sorted; loads what outside packages add."""
    _load_outside()
    return sorted({*(name for listed in FAMILIES.values() for name in listed), *_registered, *vocabularies.names()})


def outside() -> set[Path]:
    """The files of registered generators that aren't sdgen's own."""
    made = (getattr(kind, "function", kind) for kind in _registered.values())
    modules = {each.__module__ for each in made if not each.__module__.startswith("sdgen.")}
    files = (getattr(sys.modules.get(name), "__file__", None) for name in modules)
    return {Path(file) for file in files if file and Path(file).is_file()}


def families() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each family with its names, in the catalogue's order."""
    yield from FAMILIES.items()


def _load(name: str) -> None:
    for family, listed in FAMILIES.items():
        if name in listed:
            import_module(f"sdgen.generators.{family}")
            return
    _load_outside()
    if name not in _registered and name.count(".") == 1:
        provided = import_module("sdgen.generators.text.mimesis_providers").find_provider(name)
        if provided is not None:
            _registered[name] = provided


@cache
def _load_outside() -> None:
    for entry in entry_points(group=ENTRY_POINTS):
        entry.load()


def generator(name: str, *, makes: str, fits: Iterable[str] = ()) -> Callable[[Function], Function]:
    """Decorator: make a function a generator, known under `name`.

    The function takes cells and, as keyword arguments, params with types (and defaults); it returns an array with one
    value for each of the cells' row numbers, drawn from `cells.draw()`, `cells.unit()` or `cells.below(size)` alone.
    `makes` is the type it makes, such as "string"; `fits` are the kinds of further types its values convert to.
    """

    def add(function: Function) -> Function:
        _registered[name] = _function_generator(name, function, parse_type(makes), frozenset(fits))
        return function

    return add


def _function_generator(name: str, function: Function, made: Type, fits: frozenset[str]) -> type[Generator]:
    hints = get_type_hints(function)
    params = [parameter for parameter in signature(function).parameters.values() if parameter.name != "cells"]
    fields: dict[str, Any] = {
        parameter.name: (
            hints.get(parameter.name, Any),
            ... if parameter.default is parameter.empty else parameter.default,
        )
        for parameter in params
    }
    model = create_model(name.replace(".", "_"), __base__=FunctionGenerator, __doc__=function.__doc__, **fields)
    model.function, model.made, model.fits = staticmethod(function), made, fits | {made.kind}
    return model


class FunctionGenerator(Generator):
    """A generator made of a function."""

    function: ClassVar[Function]
    made: ClassVar[Type]

    def natural(self) -> Type:
        return self.made

    def values(self, cells: ColumnBatch) -> pa.Array:
        params = {name: getattr(self, name) for name in type(self).model_fields}
        values = type(self).function(cells, **params)
        return values if isinstance(values, pa.Array) else pa.array(values)
