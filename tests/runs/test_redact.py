"""Secrets out of texts: long ones wherever they stand, short ones in their places, and no words torn apart."""

from __future__ import annotations

import pytest

from sdgen.execution.redact import Redactor


@pytest.mark.parametrize("secret", ["p", "po", "por"])
def test_a_short_secret_tears_no_word_apart(secret: str) -> None:
    text = f"port 5432: postgresql://app:{secret}@host/support?password={secret} password={secret}"
    assert Redactor((secret,))(text) == "port 5432: postgresql://app:***@host/support?password=*** password=***"


@pytest.mark.parametrize("spelled", ["s3cret/word", "s3cret%2Fword"])
def test_a_long_secret_is_hidden_everywhere(spelled: str) -> None:
    shown = Redactor(("s3cret/word",))(f"tried {spelled}, and {spelled} again: postgresql://app:{spelled}@host/shop")
    assert spelled not in shown
    assert shown.count("***") == 3
