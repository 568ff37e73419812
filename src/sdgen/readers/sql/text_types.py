"""Types of databases that the engine has no kind for: which texts stand for their values."""

from __future__ import annotations

from collections.abc import Mapping

from sdgen.scenario.model import GeneratorSpec
from sdgen.scenario.types import INTEGER_BITS


def pattern(regex: str) -> GeneratorSpec:
    return GeneratorSpec(type="pattern", params={"regex": regex})


# Types without a kind of their own whose values databases read from text: a generator of such texts.
_NUMBER = "[1-9][0-9]?"
TEXTS: Mapping[str, GeneratorSpec] = {
    "inet": GeneratorSpec(type="internet.ipv4"),
    # The bits beyond the prefix must be zero, or PostgreSQL refuses the network.
    "cidr": pattern(r"10\.[1-9][0-9]?\.[1-9][0-9]?\.0/24"),
    "macaddr": GeneratorSpec(type="internet.mac"),
    "interval": pattern("[1-9][0-9]? (hours|days)"),
    "xml": pattern("<item>[a-z]{4,8}</item>"),
    "point": pattern(rf"\({_NUMBER},{_NUMBER}\)"),
    "line": pattern(rf"\{{{_NUMBER},{_NUMBER},{_NUMBER}\}}"),
    "lseg": pattern(rf"\[\({_NUMBER},{_NUMBER}\),\({_NUMBER},{_NUMBER}\)\]"),
    "box": pattern(rf"\({_NUMBER},{_NUMBER}\),\({_NUMBER},{_NUMBER}\)"),
    "path": pattern(rf"\[\({_NUMBER},{_NUMBER}\),\({_NUMBER},{_NUMBER}\)\]"),
    "polygon": pattern(rf"\(\(0,0\),\({_NUMBER},0\),\({_NUMBER},{_NUMBER}\)\)"),
    "circle": pattern(rf"<\({_NUMBER},{_NUMBER}\),{_NUMBER}>"),
    "int4range": pattern(r"\[[1-9],[1-9][0-9]\)"),
    "int8range": pattern(r"\[[1-9],[1-9][0-9]\)"),
    "numrange": pattern(r"\[[1-9],[1-9][0-9]\)"),
    # The lower end lies before the upper one in every text, or the range would be refused.
    "daterange": pattern(r"\[2024-0[1-6]-[12][0-9],2024-1[0-2]-[12][0-9]\)"),
    "tsrange": pattern(r"\[2024-0[1-6]-[12][0-9],2024-1[0-2]-[12][0-9]\)"),
    "tstzrange": pattern(r"\[2024-0[1-6]-[12][0-9],2024-1[0-2]-[12][0-9]\)"),
    "hstore": pattern('"[a-z]{3,6}"=>"[a-z]{3,6}"'),
    "ltree": pattern(r"[a-z]{3,6}\.[a-z]{3,6}\.[a-z]{3,6}"),
    "tsvector": pattern("[a-z]{4,8} [a-z]{4,8}"),
    "tsquery": pattern("[a-z]{4,8}"),
    "geometry": pattern(rf"POINT\({_NUMBER} {_NUMBER}\)"),
    "geography": pattern(rf"POINT\({_NUMBER} {_NUMBER}\)"),
}
# Other databases have types of these names that take no text of this form.
TEXT_DIALECTS = {"geometry": {"postgres"}, "geography": {"postgres"}, "point": {"postgres"}, "polygon": {"postgres"}}

# What fills the elements of an array, and columns that no rule serves, by kind.
FALLBACKS: Mapping[str, GeneratorSpec] = {
    **dict.fromkeys(INTEGER_BITS, GeneratorSpec(type="uniform_int", params={"min": 1, "max": 100})),
    **dict.fromkeys(
        (f"u{kind}" for kind in INTEGER_BITS), GeneratorSpec(type="uniform_int", params={"min": 1, "max": 100})
    ),
    **dict.fromkeys(
        ("float", "double"), GeneratorSpec(type="uniform_float", params={"min": 0, "max": 1000, "precision": 2})
    ),
    "decimal": GeneratorSpec(type="decimal", params={"min": 0, "max": 1}),
    "bool": GeneratorSpec(type="boolean"),
    "string": GeneratorSpec(type="text.word"),
    "text": GeneratorSpec(type="text.word"),
    "enum": GeneratorSpec(type="choice"),
    "uuid": GeneratorSpec(type="uuid4"),
    "date": GeneratorSpec(type="date"),
    "time": GeneratorSpec(type="time"),
    "timestamp": GeneratorSpec(type="datetime"),
    "timestamptz": GeneratorSpec(type="datetime"),
    "json": GeneratorSpec(
        type="json",
        params={
            "fields": {
                "name": {"generator": "text.word"},
                "level": {"generator": "uniform_int", "params": {"min": 1, "max": 9}},
            }
        },
    ),
    "binary": GeneratorSpec(type="choice", params={"values": ["alpha", "beta", "gamma", "delta"]}),
}


OWN_TEXTS: Mapping[str, Mapping[str, GeneratorSpec]] = {
    "clickhouse": {"ipv4": GeneratorSpec(type="internet.ipv4"), "ipv6": pattern("2001:db8(:[1-9a-f][0-9a-f]{3}){6}")},
    "duckdb": {
        "interval": pattern("[2-9] days|[1-9][0-9] days"),
        **dict.fromkeys(("bit", "bitstring"), pattern("[01]{8}")),
    },
}
