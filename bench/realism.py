"""How real people and orders of several tools are, side by side: `python -m bench.realism [ROWS]`.

Each tool makes 5,000 customers and 15,000 orders (`peers/shops.py`), and all are asked the same. Tools that are
not installed are left out: `pip install faker mimesis "misata==0.9.8" sdmetrics pandas` into an environment of its own.
Prints a table in Markdown; docs/realism.md keeps one.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from statistics import mean, pvariance
from tempfile import TemporaryDirectory
from typing import Any

from sdgen.generators.places import gazetteer
from sdgen.generators.pools import own_yaml

ROOT = Path(__file__).parent.parent
TOOLS = ("sdgen", "faker", "mimesis", "misata")
# The ten commonest surnames of the census of 2010: people in 100,000.
SURNAMES = {"Smith": 828, "Johnson": 655, "Williams": 551, "Brown": 487, "Jones": 483} | {
    "Garcia": 395,
    "Miller": 393,
    "Davis": 379,
    "Rodriguez": 372,
    "Martinez": 359,
}
Rows = Sequence[Mapping[str, str]]


def read(path: Path) -> Rows:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def share(hits: Sequence[bool]) -> str:
    return f"{100 * mean(map(float, hits)):.1f} %" if hits else "–"


# Reference: the places of the United States (GeoNames), and the area codes of its states.
def _states() -> dict[str, str]:
    batch = gazetteer.gazetteer()
    codes, names, country = (batch[name].to_pylist() for name in ("state_code", "state", "country_code"))
    return {name: code for code, name, land in zip(codes, names, country, strict=True) if land == "US"}


STATES = _states()


def _places() -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """Cities with their states, and the first three digits of ZIP codes with theirs."""
    batch = gazetteer.gazetteer()
    columns = (batch[name].to_pylist() for name in ("country_code", "state_code", "city", "postal_code"))
    rows = [row[1:] for row in zip(*columns, strict=True) if row[0] == "US"]
    return {(city, state) for state, city, _ in rows}, {(code[:3], state) for state, _, code in rows}


CITIES, ZIPS = _places()
AREAS = {
    (area, state)
    for state, areas in own_yaml("phones")["forms"]["US"]["regions"].items()
    for area in str(areas).split()
}


def state_of(row: Mapping[str, str]) -> str:
    return STATES.get(row["state"], row["state"])


def area_of(phone: str) -> str:
    digits = "".join(filter(str.isdigit, phone.partition("x")[0]))
    return digits[-10:][:3]


def people(rows: Rows) -> Iterator[tuple[str, str]]:
    names = Counter(row["last_name"] for row in rows)
    smith = names["Smith"]
    yield "surname Smith: 1 in (121 in the census)", f"{len(rows) / smith:.0f}" if smith else "none"
    yield "ten commonest surnames (4.9 %)", share([row["last_name"] in SURNAMES for row in rows])
    yield "people of 65 to 80 among those of 18 to 80 (17.7 %)", share([int(row["age"]) >= 65 for row in rows])
    yield "e-mail addresses that come twice", str(len(rows) - len({row["email"] for row in rows}))
    fits = [row["last_name"].lower().replace("'", "").replace(" ", "") in row["email"].lower() for row in rows]
    yield "e-mail address holds the surname", share(fits)
    reserved = [row["email"].rpartition("@")[2] in ("example.com", "example.org", "example.net") for row in rows]
    yield "e-mail address nobody owns", share(reserved)
    yield "city lies in the state", share([(row["city"], state_of(row)) in CITIES for row in rows])
    yield "ZIP code is of the state", share([(row["postal_code"][:3], state_of(row)) in ZIPS for row in rows])
    yield (
        "telephone's area code is of the state",
        share([(area_of(row["phone"]), state_of(row)) in AREAS for row in rows]),
    )


def orders(rows: Rows, customers: Rows) -> Iterator[tuple[str, str]]:
    known = {row["id"] for row in customers}
    yield "orders without their customer", str(sum(row["customer_id"] not in known for row in rows))
    yield "keys that come twice", str(len(rows) - len({row["id"] for row in rows}))
    late = [_moment(row["ordered_at"]) <= _moment(row["shipped_at"]) for row in rows]
    yield "shipped after ordered", share(late)
    counts = Counter(row["customer_id"] for row in rows)
    each = [counts[row["id"]] for row in customers]
    yield "orders per customer: variance / mean (1: all alike)", f"{pvariance(each) / mean(each):.1f}"
    hours = [_moment(row["ordered_at"]).hour for row in rows]
    yield "orders from midnight to six (25 %: flat)", share([hour < 6 for hour in hours])


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=None)


def sdmetrics_scores(customers: Rows, sold: Rows) -> Iterator[tuple[str, str]]:
    """Scores of SDV's sdmetrics; what stands for real data are the census's figures."""
    if find_spec("sdmetrics") is None:
        return
    import pandas as pd
    from sdmetrics.column_pairs import ReferentialIntegrity
    from sdmetrics.single_column import KeyUniqueness, KSComplement, TVComplement

    keys = pd.Series([row["id"] for row in customers]), pd.Series([row["customer_id"] for row in sold])
    yield "sdmetrics KeyUniqueness", f"{KeyUniqueness.compute(keys[0], keys[0]):.3f}"
    yield "sdmetrics ReferentialIntegrity", f"{ReferentialIntegrity.compute(keys, keys):.3f}"
    ages = pd.Series([int(row["age"]) for row in customers])
    yield (
        "sdmetrics KSComplement, age against the census",
        f"{KSComplement.compute(pd.Series(_census_ages()), ages):.3f}",
    )
    real = [name for name, count in SURNAMES.items() for _ in range(count)]
    real += ["other"] * (100_000 - len(real))
    names = pd.Series([row["last_name"] if row["last_name"] in SURNAMES else "other" for row in customers])
    yield "sdmetrics TVComplement, common surnames", f"{TVComplement.compute(pd.Series(real), names):.3f}"


def _census_ages() -> list[int]:
    """Ages of 18 to 80 by the census's groups of five years."""
    groups = own_yaml("population")["ages"]["US"]
    return [age for age in range(18, 81) for _ in range(round(groups[age // 5] * 10))]


def scanned(folder: Path) -> Iterator[tuple[str, str]]:
    """The score that the scanner of misata gives."""
    if find_spec("misata") is None:
        return
    command = [str(Path(sys.executable).parent / "misata"), "realism", str(folder), "--json"]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    start = said.find("{")
    found: Any = json.loads(said[start:]) if start >= 0 else {}
    score = found.get("data", {}).get("realism", {}).get("score")
    yield "misata realism", "–" if score is None else f"{score:.2f}"


def measured(tool: str, folder: Path, rows: int) -> dict[str, str]:
    folder.mkdir()
    before = _processor_seconds()
    command = [sys.executable, "-m", "bench.peers.shops", tool, str(folder), str(rows), str(3 * rows)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    took = _processor_seconds() - before
    customers, sold = read(folder / "customers.csv"), read(folder / "orders.csv")
    for extra in folder.glob("*.yaml"):
        extra.unlink()
    answers: list[Callable[[], Iterator[tuple[str, str]]]] = [
        lambda: people(customers),
        lambda: orders(sold, customers),
        lambda: sdmetrics_scores(customers, sold),
        lambda: scanned(folder),
    ]
    found = dict(pair for answer in answers for pair in answer())
    return found | {f"processor seconds for {rows:,} and {3 * rows:,} rows, start-up included": f"{took:.1f}"}


def _processor_seconds() -> float:
    """What processes that have ended took."""
    used = getrusage(RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main(rows: int = 5_000) -> None:
    with TemporaryDirectory(prefix="sdgen-realism-") as folder:
        tools = [tool for tool in TOOLS if find_spec(tool) is not None]
        columns = {tool: measured(tool, Path(folder) / tool, rows) for tool in tools}
    print(f"| | {' | '.join(tools)} |\n|---|{'---|' * len(tools)}")
    for question in columns[tools[0]]:
        print(f"| {question} | {' | '.join(columns[tool].get(question, '–') for tool in tools)} |")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
