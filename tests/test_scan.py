"""What another's scanner finds and we answer: those findings alone, each of a template that is there."""

from __future__ import annotations

import pytest
from tools.scan import ANSWERS, answer

from sdgen.readers.sources import examples


@pytest.mark.parametrize(
    ("example", "check", "place", "answered"),
    [
        ("stripe", "text_templates", "charges.outcome", True),
        ("stripe", "fanout_skew", "invoices.subscription", False),
        ("zendesk", "text_diversity", "tickets.subject", False),
        ("xero", "text_diversity", "contacts.Balances", True),
        ("shop", "text_templates", "charges.outcome", False),
    ],
)
def test_only_what_is_listed_is_answered(example: str, check: str, place: str, answered: bool) -> None:
    assert bool(answer(example, check, place)) == answered


def test_answers_are_of_shipped_examples() -> None:
    named = {name.strip("()") for pattern, _ in ANSWERS for name in pattern.split(" ")[0].split("|")}
    assert named <= set(examples())
