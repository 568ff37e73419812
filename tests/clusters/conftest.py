"""Clusters of this machine's own, one of each for all tests."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

DEPOT = str(Path(__file__).parent / "depot.yaml")
_PYTHON = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SOURCES = str(Path(__file__).parents[2] / "src")


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    """A driver and two executors, each a process with one core and 1 GiB."""
    pytest.importorskip("pyspark")
    from pyspark.sql import SparkSession

    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    os.environ["PYSPARK_PYTHON"] = sys.executable
    os.environ["PYTHONPATH"] = os.pathsep.join([SOURCES, os.environ.get("PYTHONPATH", "")])
    settings = {
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.session.timeZone": "Asia/Tokyo",  # no result may depend on it
    }
    builder = SparkSession.builder.master("local-cluster[2,1,1024]").appName("sdgen")
    session = builder.config(map=settings).getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    yield session
    session.stop()


def examples(page: str) -> list[str]:
    """The Python of a page of the docs, in order."""
    return _PYTHON.findall((Path(__file__).parents[2] / "docs" / page).read_text("utf-8"))
