"""Short spellings of links: `references` of an entity and of a column, and `tree`."""

from __future__ import annotations

import pytest

import sdgen
from sdgen.errors import ScenarioError
from sdgen.readers.sources import read_text_as_scenario
from sdgen.scenario.identity import canonical

SHORT = """\
name: t
entities:
  tenants:
    rows: 5
    columns:
      id: {type: bigint, primary_key: true, generator: sequence}
  customers:
    rows: {per: tenants, min: 1, max: 6}
    columns:
      tenant_id: {primary_key: true, references: tenants}
      number: {type: int, primary_key: true, generator: sequence, params: {per: tenant_id}}
  orders:
    rows: 300
    references:
      - {columns: [tenant_id, customer_number], entity: customers, to: [tenant_id, number], params: {distribution: zipf}}
    columns:
      id: {type: bigint, primary_key: true, generator: sequence}
      tenant_id: bigint
      customer_number: int
  groups:
    rows: 50
    tree: {column: parent_id, depth: 3, roots: 2}
    columns:
      id: {type: bigint, primary_key: true, generator: sequence}
"""
LONG = """\
name: t
entities:
  tenants:
    rows: 5
    columns:
      id: {type: bigint, primary_key: true, generator: sequence}
  customers:
    rows: {per: tenants, min: 1, max: 6}
    columns:
      tenant_id: {primary_key: true, generator: fk, params: {entity: tenants, column: id}}
      number: {type: int, primary_key: true, generator: sequence, params: {per: tenant_id}}
  orders:
    rows: 300
    columns:
      id: {type: bigint, primary_key: true, generator: sequence}
      tenant_id: {type: bigint, generator: fk, params: {entity: customers, column: tenant_id, distribution: zipf}}
      customer_number: {type: int, generator: fk, params: {entity: customers, column: number, via: tenant_id}}
  groups:
    rows: 50
    columns:
      id: {type: bigint, primary_key: true, generator: sequence}
      parent_id: {generator: fk, params: {entity: groups, column: id, depth: 3, roots: 2}}
"""


def test_short_spellings_are_what_they_stand_for() -> None:
    short, long = read_text_as_scenario(SHORT, "s.yaml"), read_text_as_scenario(LONG, "l.yaml")
    assert canonical(short) == canonical(long)


def test_keys_of_several_columns_are_declared_in_the_parents_order() -> None:
    swapped = SHORT.replace("[tenant_id, customer_number]", "[customer_number, tenant_id]")
    swapped = swapped.replace("[tenant_id, number]", "[number, tenant_id]")
    plan = sdgen.plan(read_text_as_scenario(swapped, "s.yaml"))
    [key] = plan.entities["orders"].foreign_keys
    assert (key.columns, key.to) == (("tenant_id", "customer_number"), ("tenant_id", "number"))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("depth: 3", "dept: 3", "s.yaml:22:31: entities.groups.tree.dept: unknown key 'dept'\n    did you mean 'depth'?"),
        ("to: [tenant_id, number]", "to: [number]", "2 columns refer to 1: number"),
        ("references: tenants", "references: customers", "customers has a primary key of 2 columns"),
        ("references: tenants", "references: tenant.id", "the parent entity 'tenant' does not exist"),
        ("tenant_id: bigint", "tenant_id: {type: bigint, generator: sequence}", "its column has the generator sequence already"),
        ("columns: [tenant_id, customer_number]", "columns: []", "entities.orders.references.0.columns"),
        ("      id: {type: bigint, primary_key: true, generator: sequence}\n  customers", "      id: bigint\n  customers", "tenants has no primary key to refer to"),
    ],
)  # fmt: skip
def test_wrong_short_spellings_are_told(old: str, new: str, said: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        sdgen.plan(read_text_as_scenario(SHORT.replace(old, new, 1), "s.yaml"))
    assert said in str(caught.value)
