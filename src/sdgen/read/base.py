"""What a reader is: it sniffs whether a source is of its format, and turns it into a scenario."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from sdgen.errors import Problem, SourceError
from sdgen.read.yamlfile import Document
from sdgen.scenario.model import Scenario

MOST_BYTES = 64 * 1024 * 1024
DATABASE_FILES = {".duckdb": "duckdb", ".ddb": "duckdb", ".sqlite": "sqlite", ".sqlite3": "sqlite", ".db": "sqlite"}


class DocumentReader(Protocol):
    """A reader of one YAML or JSON document."""

    def fits(self, document: Document) -> bool:
        """Whether the document is of this reader's format."""
        ...

    def read(self, document: Document) -> Scenario:
        """The scenario; ScenarioError with every problem where it is wrong."""
        ...


def read_text(path: Path) -> str:
    """A file's text; SourceError says why there is none."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise SourceError(Problem((), f"larger than {MOST_BYTES // 1024**2} MiB", "", str(path)))
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        problem = Problem(
            (), f"not a UTF-8 text: byte {error.start} is {error.object[error.start]:#04x}", "", str(path)
        )
        raise SourceError(problem) from None
    except OSError as error:
        raise SourceError(Problem((), f"can't be read: {error.strerror}", "", str(path))) from None


def is_database(source: str) -> bool:
    """Whether a source names a database: by a URL, or a file of a known kind."""
    return "://" in source or Path(source).suffix.lower() in DATABASE_FILES
