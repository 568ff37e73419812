"""Products: name, category, price, weight and description of one row agree, and may follow a category from elsewhere."""

from __future__ import annotations

from pathlib import Path

import pyarrow.compute as pc
import pytest
import yaml

import sdgen
from sdgen.errors import ScenarioError
from sdgen.generators.pools import own, own_yaml

_SHOP = """
name: shop
seed: 4
entities:
  shelves:
    rows: {fixed: [{label: Lighting}, {label: Grocery}, {label: Oddities}]}
    columns:
      id: {type: int, primary_key: true, generator: sequence}
      label: text
  products:
    rows: 2000
    columns:
      shelf_id: {generator: fk, nullable: true, null_rate: 0.1, params: {entity: shelves, column: id}}
      shelf: {generator: parent, hidden: true, params: {link: shelf_id, column: label}}
      name: {generator: product.name, params: {category: $shelf_id.label}}
      about: {generator: product.description, params: {category: $shelf_id.label}}
      price: {generator: product.price, params: {category: $shelf_id.label}}
      lamp: {generator: product.name, params: {category: Lighting, who: lamp}}
      german: {generator: product.price, params: {locale: de}}
      grams: {generator: product.weight, params: {category: $shelf_id.label}}
"""


@pytest.fixture(scope="module")
def rows() -> list[dict[str, object]]:
    found: list[dict[str, object]] = sdgen.generate(yaml.safe_load(_SHOP))["products"].to_pylist()
    return found


def _thing(name: object) -> str:
    return max((each for each in own_yaml("product_prices") if str(name).endswith(each)), key=len)


def test_every_thing_has_a_price() -> None:
    things = [thing for each in own("products")["categories"].values() for thing in each]
    assert sorted(things) == sorted(own_yaml("product_prices")) == sorted(own_yaml("product_weights"))


def test_weights_are_of_the_thing(rows: list[dict[str, object]]) -> None:
    usual = own_yaml("product_weights")
    shares = [int(str(row["grams"])) / usual[_thing(row["name"])] for row in rows]
    assert 0.65 < min(shares) < 0.85
    assert 1.15 < max(shares) < 1.35


def test_products_are_of_the_category_that_a_parent_holds(rows: list[dict[str, object]]) -> None:
    categories = own("products")["categories"]
    for shelf, category in ((1, "Lighting"), (2, "Grocery")):
        things = {_thing(row["name"]) for row in rows if row["shelf_id"] == shelf}
        assert things == set(categories[category])
    # A category that is none, and a link that is null, leave products of any kind.
    assert len({_thing(row["name"]) for row in rows if row["shelf_id"] == 3}) > 80
    assert None not in [row["name"] for row in rows]
    assert {_thing(row["lamp"]) for row in rows} == set(categories["Lighting"])


def test_descriptions_speak_of_the_same_thing(rows: list[dict[str, object]]) -> None:
    for row in rows:
        assert _thing(row["name"]).lower() in str(row["about"]).lower()


def test_prices_are_of_the_thing(rows: list[dict[str, object]]) -> None:
    usual = own_yaml("product_prices")
    shares = [float(str(row["price"])) / usual[_thing(row["name"])] for row in rows]
    assert min(shares) > 0.35
    assert max(shares) < 2.0
    assert 1.0 < sum(shares) / len(shares) < 1.3
    assert all(4 < float(str(row["german"])) < 400 for row in rows)


@pytest.mark.parametrize(("param", "words"), [("Lightning", "did you mean 'Lighting'"), ("$", "names no column")])
def test_a_category_that_is_none_is_refused(param: str, words: str) -> None:
    with pytest.raises(ScenarioError, match=words):
        sdgen.plan(yaml.safe_load(_SHOP.replace("category: Lighting", f"category: {param}")))


def test_a_bare_schema_has_products_of_their_categories_and_cities_of_their_countries(tmp_path: Path) -> None:
    (tmp_path / "shop.sql").write_text("""
        CREATE TABLE product_categories (id serial PRIMARY KEY, name varchar(40) NOT NULL);
        CREATE TABLE products (id serial PRIMARY KEY, category_id int REFERENCES product_categories,
          name varchar(90) NOT NULL, price numeric(9,2) NOT NULL);
        CREATE TABLE countries (id serial PRIMARY KEY, name text NOT NULL, iso_code char(2) NOT NULL);
        CREATE TABLE cities (id serial PRIMARY KEY, country_id int NOT NULL REFERENCES countries,
          name text NOT NULL, postal_code text NOT NULL);
    """)
    found = sdgen.generate(tmp_path / "shop.sql", rows={"cities": 2000})
    listed = dict(enumerate(found["product_categories"]["name"].to_pylist(), 1))
    assert set(listed.values()) <= own("products")["categories"].keys()
    for row in found["products"].to_pylist():
        if row["category_id"] is not None:
            assert _thing(row["name"]) in own("products")["categories"][listed[row["category_id"]]]
    brazil = found["countries"]["iso_code"].to_pylist().index("BR") + 1
    japan = found["countries"]["iso_code"].to_pylist().index("JP") + 1
    cities = found["cities"]
    for country, pattern in ((brazil, r"^\d{5}-\d{3}$"), (japan, r"^\d{3}-?\d{4}$")):
        codes = cities.filter(pc.equal(cities["country_id"], country))["postal_code"]
        assert pc.all(pc.match_substring_regex(codes, pattern)).as_py()
