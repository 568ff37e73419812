"""Python models → scenario: SQLAlchemy's tables and classes, Pydantic's models, dataclasses and typed dicts."""

from sdgen.readers.models.reader import fits, read

__all__ = ["fits", "read"]
