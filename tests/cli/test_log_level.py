"""`--log-level`: what a run does, on standard error; `debug` says more than `info`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def _quiet_again() -> Iterator[None]:
    yield
    shown = logging.getLogger("sdgen")
    shown.handlers[:] = []
    shown.setLevel(logging.NOTSET)


def test_debug_says_more_than_info(run: Callable[..., Any], folder: Any) -> None:
    info = run("--log-level", "info", "generate", "small.yaml", "--to", "a.sqlite", "-q").stderr
    debug = run("--log-level", "debug", "generate", "small.yaml", "--to", "b.sqlite", "-q").stderr
    assert "success: " in info
    assert "prepared for" not in info
    for words in ("success: ", "generators: ", "prepared for", "rows are with the target", "digest", "commit: "):
        assert words in debug, debug
