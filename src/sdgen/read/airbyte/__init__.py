"""An Airbyte low-code manifest → a scenario: each stream whose schema is known is an entity."""

from sdgen.read.airbyte.reader import fits, read

__all__ = ["fits", "read"]
