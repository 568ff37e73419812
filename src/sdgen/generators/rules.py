"""Built-in rules: which generator suits a column that names none. The rules themselves are data (`data/rules.yaml`)."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from sdgen.scenario.model import GeneratorSpec, Rule


@cache
def built_in_rules() -> tuple[Rule, ...]:
    """The rules that stand behind a scenario's own, in the order in which they are tried."""
    import yaml

    text = files("sdgen").joinpath("data/rules.yaml").read_text(encoding="utf-8")
    return tuple(_rule(record) for record in yaml.safe_load(text))


def _rule(record: dict[str, object]) -> Rule:
    spec = GeneratorSpec.model_validate({"type": record.pop("generator"), "params": record.pop("params", {})})
    return Rule.model_validate({**record, "generator": spec})
