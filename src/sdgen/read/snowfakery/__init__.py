"""Snowfakery recipes → a scenario: the common part of them, the rest told with file and line."""

from sdgen.read.snowfakery.reader import fits, read

__all__ = ["fits", "read"]
