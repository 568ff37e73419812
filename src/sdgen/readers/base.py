"""What a reader is: it tells whether a source is of its format, and turns it into a scenario.

A reader is a module with two functions, `matches` and `read`; `formats.py` has one line for each.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

from sdgen.errors import Problem, ProblemType, SourceError
from sdgen.readers.yaml_text import Document, read_document
from sdgen.scenario.model import Scenario

MOST_BYTES = 64 * 1024 * 1024
ROWS = 1000


@dataclass(frozen=True)
class ReadOptions:
    """What a user may ask of a reader.

    rows: of every entity, where the source itself says nothing of counts; None for the reader's own choice, ROWS.
    dialect: of a DDL text; guessed where empty. run_code: whether Python sources may be imported.

    What every scenario that was read is then given: rules, a file of rules that go before its own, and sets, values in
    words such as `entities.users.rows=500`.
    """

    rows: int | None = None
    dialect: str = ""
    run_code: bool = False
    rules: str = ""
    sets: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """What a user named: a file, a folder, a URL, or words such as `package.models:Base`.

    url: of a file beyond this machine, of which `name` is a copy.
    """

    name: str
    url: str = ""

    @property
    def path(self) -> Path:
        return Path(self.name)

    @property
    def is_folder(self) -> bool:
        return self.path.is_dir()

    @property
    def suffix(self) -> str:
        return self.path.suffix.lower()

    @cached_property
    def text(self) -> str:
        """The file's text; SourceError says why there is none."""
        return read_text(self.path)

    @cached_property
    def parsed(self) -> Document:
        """The file's YAML or JSON document, which knows of keys that stand twice; SourceError where it is none."""
        # Parsed once for all readers that are asked whether a file is theirs.
        return read_document(self.text, self.name, may_repeat=True)

    @property
    def document(self) -> Document:
        """The file's YAML or JSON document; SourceError where it is none, or where a key stands twice."""
        if self.parsed.repeated:
            raise SourceError(self.parsed.repeated)
        return self.parsed


class Reader(Protocol):
    """A reader of one format: a module with these two functions."""

    def matches(self, source: Source) -> bool:
        """Whether the source is of this reader's format; quick, and nothing is run."""
        ...

    def read(self, source: Source, options: ReadOptions) -> Scenario:
        """The scenario; ScenarioError or SourceError with every problem where there can be none."""
        ...


def _unread(text: bytes) -> str:
    """What to do about a text that is not UTF-8."""
    utf16 = text.startswith((b"\xff\xfe", b"\xfe\xff")) and len(text) > 2 and text.count(b"\0") * 3 > len(text)
    return f"{'it is UTF-16: ' if utf16 else ''}save it as UTF-8"


def read_text(path: Path) -> str:
    """A file's text; SourceError says why there is none."""
    try:
        # Asked before it is read: the file may be one that fills the memory.
        if path.stat().st_size > MOST_BYTES:
            what = f"larger than {MOST_BYTES // 1024**2} MiB"
            raise SourceError(Problem((), what, "", str(path), type=ProblemType.SOURCE))
        # Editors on Windows put a byte order mark before UTF-8, which would be a part of the first word.
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        what = f"not a UTF-8 text: byte {error.start} is {error.object[error.start]:#04x}"
        raise SourceError(Problem((), what, _unread(error.object), str(path), type=ProblemType.SYNTAX)) from None
    except OSError as error:
        what = f"can't be read: {error.strerror}"
        raise SourceError(Problem((), what, "", str(path), type=ProblemType.SOURCE)) from None
