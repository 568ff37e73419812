"""Python models → scenario: SQLAlchemy's tables and classes, Pydantic's models, dataclasses and typed dicts."""

from sdgen.readers.models.reader import matches, read

__all__ = ["matches", "read"]
