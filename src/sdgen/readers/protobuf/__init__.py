"""Protocol Buffers (.proto) → scenario: messages become entities, through the JSON Schema of their JSON mapping."""

from __future__ import annotations

from pathlib import Path

from sdgen.errors import Problem, SourceError
from sdgen.readers.base import ReadOptions, Source, read_text
from sdgen.scenario.model import Scenario

_SUFFIX = ".proto"
_PLACES = ("", "proto", "protos")
_MOST_FILES = 500


def matches(source: Source) -> bool:
    """A .proto file, or a folder with some at its top, or in `proto/` or `protos/`."""
    if source.is_folder:
        return any(next((source.path / place).glob(f"*{_SUFFIX}"), None) for place in _PLACES)
    return source.suffix == _SUFFIX


def read(source: Source, options: ReadOptions) -> Scenario:
    """The scenario of a file's messages, or of all files of a folder; SourceError where there are none."""
    from sdgen.readers.protobuf.schemas import protobuf_scenario
    from sdgen.readers.protobuf.syntax import ProtoFile, proto_file

    paths = sorted(source.path.rglob(f"*{_SUFFIX}"))[:_MOST_FILES] if source.is_folder else [source.path]
    files = {path.resolve(): proto_file(read_text(path), str(path)) for path in paths}
    imported: dict[Path, ProtoFile] = {}
    missing: list[Problem] = []
    waiting = list(files.items())
    while waiting:
        path, file = waiting.pop()
        for name, line in file.imports:
            found = _imported(path, name)
            if found is None:
                what = f"the import {name!r} is not in the folder: what uses its types is left out"
                # The well-known types are known here without their files.
                missing += [] if name.startswith("google/protobuf/") else [Problem((), what, "", file.name, line, 1)]
            elif found not in files and found not in imported:
                imported[found] = proto_file(read_text(found), str(found))
                waiting.append((found, imported[found]))
    try:
        return protobuf_scenario(source.name, list(files.values()), list(imported.values()), missing, options.rows)
    except RecursionError:
        raise SourceError(Problem((), "its messages are nested too deeply to be read", "", source.name)) from None


def _imported(path: Path, name: str) -> Path | None:
    """The file of an import: beside the one that imports it, or below one of the folders that its own path names."""
    # An import may not lead out of the folders that are searched.
    if name.startswith("/") or ".." in Path(name).parts:
        return None
    levels = len(Path(name).parts)
    above = [path.parent, *path.parent.parents][: levels + 2]
    return next((each for folder in above if (each := (folder / name).resolve()).is_file()), None)
