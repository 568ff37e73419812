"""An Airbyte low-code manifest → a scenario: each stream whose schema is known is an entity.

Also read: the plain shape `streams: [{name, primary_key, json_schema}]`, and configured catalogs. A stream whose schema
exists at run time alone is told and left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from sdgen.errors import Path as Place
from sdgen.errors import Problem, ScenarioError, SourceError
from sdgen.readers.airbyte.columns import StreamDraft, drafted
from sdgen.readers.airbyte.links import set_links
from sdgen.readers.airbyte.references import MANIFESTS, Manifest, manifest_in
from sdgen.readers.airbyte.schemas import Absent, Schemas
from sdgen.readers.airbyte.streams import Streams
from sdgen.readers.base import ROWS, ReadOptions, Source
from sdgen.readers.drafts import ScenarioDraft
from sdgen.readers.jsonschema.columns import distinct_names
from sdgen.readers.shaping import shaped
from sdgen.readers.yaml_text import Document, read_document
from sdgen.scenario.model import Scenario
from sdgen.scenario.problems import Origin


def read(source: Source, options: ReadOptions) -> Scenario:
    """The scenario of a manifest; SourceError where no stream of it has a schema."""
    path = _file(source.path) if source.is_folder else source.path
    document = _document(Source(str(path)) if source.is_folder else source)
    if not isinstance(document.value, Mapping):
        raise SourceError(document.problem((), "no Airbyte manifest: it must be a mapping with `streams`"))
    manifest = Manifest(document)
    streams = Streams(manifest)
    rows = ROWS if options.rows is None else options.rows
    drafts, notes = _drafts(streams, Schemas(manifest, path.parent), rows)
    if not drafts:
        raise SourceError(_nothing(document, notes))
    # Links last: they need the keys of all streams, wherever in the manifest these stand.
    set_links(drafts)
    notes += [note for draft in drafts.values() for note in draft.notes]
    notes += [replace(one, what=f"{one.what}: the last one counts", hint="") for one in document.repeated]
    draft = ScenarioDraft(_name(path), drafts, notes, version=_version(document), description=_description(document))
    return shaped(draft.build(Origin(document.file, document.positions, _aliases(drafts))), options.rows)


def _document(source: Source) -> Document:
    """The document, in which keys may stand twice: so they do in manifests that work."""
    try:
        return source.document
    except SourceError:
        return read_document(source.text, source.name, may_repeat=True)


def _file(folder: Path) -> Path:
    found = manifest_in(folder)
    if found is None:
        what = "no manifest.yaml in the folder, nor in a folder source_… in it"
        raise SourceError(Problem((), what, "name the file", str(folder)))
    return found


def _drafts(streams: Streams, schemas: Schemas, rows: int) -> tuple[dict[str, StreamDraft], list[Problem]]:
    """The entities of all streams, and notes on those left out; ScenarioError with every reference that is wrong."""
    drafts: dict[str, StreamDraft] = {}
    absent: list[tuple[str, str, Place]] = []
    found = list(streams.all())
    problems = list(streams.problems)
    names = distinct_names(_table(stream.name) for stream in found)
    for stream in found:
        name = names[_table(stream.name)]
        if name in drafts:
            absent.append((stream.name, "a stream of this name stands above: left out", stream.place))
            continue
        try:
            drafts[name] = drafted(name, stream, schemas.of(stream.node, stream.name), rows)
        except Absent as why:
            absent.append((name, f"{why}: the stream is left out", stream.place))
        except SourceError as error:
            # A wrong reference makes the manifest wrong, unlike a schema that is merely not to be had.
            problems += error.problems
    if problems:
        raise ScenarioError(dict.fromkeys(problems))
    return drafts, [_left_out(streams.manifest, *each) for each in (*streams.left_out, *absent)]


def _table(stream: str) -> str:
    """The name of a stream's table: a point in it would stand between a schema and a table."""
    return stream.replace(".", "_")


def _left_out(manifest: Manifest, name: str, what: str, place: Place) -> Problem:
    return Problem(("entities", name), what, "", manifest.document.file, *manifest.line(place))


def _nothing(document: Document, notes: list[Problem]) -> list[Problem]:
    first = document.problem(
        ("streams",), "no stream of the manifest has a schema that can be read without a connection"
    )
    return [first, *notes]


def _name(path: Path) -> str:
    """The connector's name: of its folder, where the file is called manifest."""
    stem = path.name.partition(".")[0]
    if path.name in MANIFESTS:
        folder, above = path.resolve().parent, path.resolve().parent.parent
        # A connector's package, source_x, stands in the folder of its whole, source-x.
        inner = folder.name.startswith("source_") and above.name.startswith("source-")
        stem = above.name if inner else folder.name
    return re.sub(r"^source[-_]", "", stem) or "airbyte"


def _version(document: Document) -> str:
    version = document.value.get("version")
    return str(version) if isinstance(version, str | int | float) else ""


def _description(document: Document) -> str:
    text = document.value.get("description")
    return " ".join(text.split())[:400] if isinstance(text, str) else ""


def _aliases(drafts: Mapping[str, StreamDraft]) -> dict[Place, Place]:
    """Where entities and columns stand in the manifest: those of a file stand at their stream."""
    return {place: stands for draft in drafts.values() for place, stands in _stands(draft)}


def _stands(draft: StreamDraft) -> Iterator[tuple[Place, Place]]:
    entity: Place = ("entities", draft.name)
    yield entity, draft.stream.place
    inline = bool(draft.schema.place)
    for field, name in draft.names.items():
        # A schema in a file has lines of its own, which would be wrong in the manifest.
        place: Any = (*draft.schema.place, "properties", field) if inline else draft.stream.place
        yield (*entity, "columns", name), place
