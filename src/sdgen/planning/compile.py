"""A scenario and a request → a plan, or all of their problems at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sdgen.errors import Problem, ScenarioError
from sdgen.generators import correlation, streams
from sdgen.generators.arrays import cast
from sdgen.generators.base import with_nested
from sdgen.generators.dirt import VERSION as DIRT_VERSION
from sdgen.generators.text import vocabularies
from sdgen.planning.check import check_draft
from sdgen.planning.correlations import plan_correlations
from sdgen.planning.dirt import plan_dirt, with_dirt
from sdgen.planning.draft import Draft
from sdgen.planning.drafting import draft_plan
from sdgen.planning.entity_plans import JointDraws, entity, partial_sets
from sdgen.planning.plan import Plan
from sdgen.planning.sequence_offsets import entity_order
from sdgen.planning.unique_sets import plan_unique_sets
from sdgen.scenario.identity import canonical, canonical_json, identity
from sdgen.scenario.model import Scenario
from sdgen.scenario.request import PlanRequest

if TYPE_CHECKING:
    from sdgen.planning.conditions import Condition


def compile_plan(scenario: Scenario, request: PlanRequest | None = None, strict: bool = False) -> Plan:
    """The plan of a scenario; ScenarioError with every problem where there is none.

    strict: entities that need one another's rows in a cycle are a problem too, though most targets take them.
    """
    draft = draft_plan(scenario, request or PlanRequest())
    check_draft(draft, strict)
    # No step stops at a problem of the draft: all that is wrong is raised at once, below.
    joints = plan_unique_sets(draft)
    partial = partial_sets(draft, joints)
    correlations = plan_correlations(draft, joints)
    conditions = _conditions(draft)
    has_dirt = any(entity.dirt is not None for entity in draft.scenario.entities.values())
    dirt = plan_dirt(draft) if has_dirt else {}
    if draft.problems:
        raise ScenarioError(draft.problems)
    parents = {name: links.values() for name, links in draft.links.items()}
    order, cycles = entity_order(parents)
    joint = JointDraws(joints, partial, correlations)
    entities = {name: entity(draft, name, joint, conditions.get(name, ())) for name in order}
    versions = _versions(draft) | ({"dirt": DIRT_VERSION} if dirt else {})
    return Plan(
        scenario=scenario.name,
        version=scenario.version,
        seed=draft.seed,
        as_of=draft.as_of,
        entities=with_dirt(draft, entities, dirt),
        # Of the draft's scenario, in which the guesses stand: they decide values as much as what was written.
        identity=identity(draft.scenario, draft.seed, draft.as_of, draft.counts, versions),
        cyclic=tuple(cycles),
        versions=versions,
    )


def _versions(draft: Draft) -> dict[str, int | str]:
    """The versions of streams, conversions, generators and vocabularies that are used, and digests of lists."""
    used: dict[str, int | str] = {}
    lists: dict[str, str] = {}
    for key, generator in draft.generators.items():
        for each in with_nested(generator):
            used[each.called] = each.version
            lists.update(each.lists_used(draft.facts(key)))
    # Named only where it is used, so that the identity of other plans does not depend on it.
    if any(draft.column(key).correlate for key in draft.generators):
        used["correlate"] = correlation.VERSION
    spoken = vocabularies.versions(canonical_json(canonical(draft.scenario)))
    return {"streams": streams.STREAM_VERSION, "conversions": cast.VERSION, **used, **spoken, **lists}


def check_scenario(scenario: Scenario, request: PlanRequest | None = None) -> list[Problem]:
    """Every problem that keeps a scenario from being generated; empty where it can be."""
    try:
        compile_plan(scenario, request)
    except ScenarioError as error:
        return list(error.problems)
    return []


def _conditions(draft: Draft) -> dict[str, tuple[Condition, ...]]:
    if not any(entity.check for entity in draft.scenario.entities.values()):
        return {}
    from sdgen.planning.conditions import plan_conditions  # few scenarios need expressions

    return plan_conditions(draft)
