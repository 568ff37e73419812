"""TypeScript's ways to say a type: names, generics, utility types, imports."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdgen.errors import SourceError
from sdgen.readers.moose.typescript_types import comment_text
from sdgen.scenario.model import Scenario
from tests.readers.moose.reading import TYPESCRIPT, read, read_typescript, told, write

BASE = """
interface Base { id: Key<string>; a: number; b?: string; c: boolean }
"""


def columns(scenario: Scenario, entity: str = "t") -> list[str]:
    found = scenario.entities.get(entity) or next(iter(scenario.entities.values()))
    return list(found.columns)


@pytest.mark.parametrize(
    ("type", "names"),
    [
        ('Omit<Base, "b" | "c">', ["id", "a"]),
        ('Pick<Base, "id" | "c">', ["id", "c"]),
        ("Partial<Base>", ["id", "a", "b", "c"]),
        ("Required<Base>", ["id", "a", "b", "c"]),
        ("Readonly<Base>", ["id", "a", "b", "c"]),
        ("Base & { d: string }", ["id", "a", "b", "c", "d"]),
        ('Omit<Base, keyof Pick<Base, "a" | "b">>', ["id", "c"]),
        ("Child", ["id", "a", "b", "c", "e"]),
        ("Wrapped<number>", ["value", "at"]),
        ("Prettify<Base & { d: string }>", ["id", "a", "b", "c", "d"]),
        ("Entity", ["id", "shown"]),
        ("Merged", ["one", "two"]),
    ],
)
def test_fields_of_a_type(type: str, names: list[str], tmp_path: Path) -> None:
    text = f"""
    {BASE}
    export interface Child extends Base {{ e: Date }}
    type Wrapped<T, U = Date> = {{ value: T; at: U }};
    type Prettify<T> = {{ [K in keyof T]: T[K] }} & {{}};
    class Entity {{ id!: number; private secret: string; static count = 1; method() {{}} shown?: string }}
    interface Merged {{ one: string }}
    interface Merged {{ two: string }}
    export const t = new OlapTable<{type}>("t");
    """
    assert columns(read_typescript(tmp_path, text)) == names


def test_what_utility_types_do_to_nulls(tmp_path: Path) -> None:
    text = f"""
    {BASE}
    new OlapTable<Partial<Base>>("partial");
    new OlapTable<Required<Base>>("required");
    new OlapTable<{{ [K in keyof Base]-?: Base[K] }}>("mapped");
    """
    found = read_typescript(tmp_path, text).entities
    nulls = {name: [key for key, column in entity.columns.items() if column.nullable] for name, entity in found.items()}
    assert nulls == {"partial": ["a", "b", "c"], "required": [], "mapped": []}


def test_members_and_constants_as_types(tmp_path: Path) -> None:
    text = """
    const STATES = ["new", "old"] as const;
    const COLOURS = { red: "r", blue: "b" } as const;
    interface Other { when: DateTime64<3>; maybe?: string }
    export interface T {
      id: Key<string>;
      state: (typeof STATES)[number];
      colour: (typeof COLOURS)[keyof typeof COLOURS];
      when: Other["when"];
      maybe: Other["maybe"];
      word: Exclude<"a" | "b" | "c", "c">;
    }
    new OlapTable<T>("t");
    """
    found = read_typescript(tmp_path, text).entities["T"].columns
    assert found["state"].type == "enum(new, old)"
    assert found["colour"].type == "enum(r, b)"
    assert found["when"].target == {"clickhouse": "DateTime64(3)"}
    assert found["maybe"].nullable
    assert found["word"].type == "enum(a, b)"


FILES = {
    "package.json": '{"name": "p"}',
    "tsconfig.json": '{"compilerOptions": {"paths": {"@shared/*": ["./shared/*"],},}} // comment',
    "app__index.ts": 'export * from "./ingest/models";\nimport "./views";\n',
    "app__ingest__models.ts": TYPESCRIPT
    + """
    import { Address as Home } from "../types";
    import type * as kinds from "@shared/kinds.js";
    import Whole from "../types";
    import { settings } from "../types";
    export interface User { id: Key<string>; home: Home; kind: kinds.Kind; whole: Whole }
    export const users = new OlapTable<User>("users", { ...settings, version: "1.2" });
    """,
    "app__types.ts": """
    export { Place as Address } from "./deep/place";
    export default interface Whole { yes: boolean }
    export const settings = { orderByFields: ["id"], database: "analytics" };
    """,
    "app__deep__place.ts": "export interface Place { street: string }",
    "app__views.ts": TYPESCRIPT
    + """
    interface PerDay { day: Date; users: UInt64 }
    export const view = new MaterializedView<PerDay>({
      materializedViewName: "mv", selectStatement: "SELECT 1", selectTables: [],
      targetTable: { name: "per_day", engine: ClickHouseEngines.SummingMergeTree, orderByFields: ["day"] },
    });
    """,
    "app__old.test.ts": "new OlapTable<Nothing>('nothing'); // @514labs/moose-lib",
    "node_modules__x__index.ts": "new OlapTable<Nothing>('nothing'); // @514labs/moose-lib",
    "shared__kinds.ts": 'export enum Kind { A = "a" }',
}


@pytest.mark.parametrize("source", ["", "app/index.ts"])
def test_imports_are_followed(source: str, tmp_path: Path) -> None:
    write(tmp_path, **FILES)
    scenario = read(tmp_path / source)
    assert {name: entity.target_table for name, entity in scenario.entities.items()} == {
        "User": "analytics.users_1_2",
        "PerDay": "per_day",
    }
    user = scenario.entities["User"]
    assert user.columns["home"].type == "struct<street: text>"
    assert user.columns["kind"].type == "enum(a)"
    assert user.columns["whole"].type == "struct<yes: bool>"
    assert user.target["clickhouse"]["order_by"] == ["id"]
    assert scenario.notes == ()


def test_packages_of_a_workspace(tmp_path: Path) -> None:
    model = f'{TYPESCRIPT}import {{ Thing }} from "@mine/models";\nnew OlapTable<Thing>("things");'
    write(
        tmp_path,
        **{
            "package.json": '{"workspaces": ["packages/*"]}',
            "packages__models__package.json": '{"name": "@mine/models", "main": "dist/index.js"}',
            "packages__models__src__index.ts": "export interface Thing { id: string }",
            "packages__app__package.json": "{}",
            "packages__app__models.ts": model,
        },
    )
    assert list(read(tmp_path).entities["Thing"].columns) == ["id"]
    with pytest.raises(SourceError, match="outside the project"):
        read(tmp_path / "packages/app/models.ts")


def test_nothing_outside_of_the_project_is_read(tmp_path: Path) -> None:
    write(
        tmp_path,
        **{
            "secret.ts": "export interface Secret { key: string }",
            "p__package.json": "{}",
            "p__models.ts": f'{TYPESCRIPT}import {{ Secret }} from "../secret";\nnew OlapTable<Secret>("s");',
        },
    )
    (tmp_path / "p" / "link.ts").symlink_to(tmp_path / "secret.ts")
    with pytest.raises(SourceError, match=r"Secret comes from \.\./secret, which isn't there"):
        read(tmp_path / "p" / "models.ts")
    (tmp_path / "p" / "models.ts").write_text(
        f'{TYPESCRIPT}import {{ Secret }} from "./link";\nnew OlapTable<Secret>("s");'
    )
    with pytest.raises(SourceError, match="isn't there"):
        read(tmp_path / "p" / "models.ts")


def test_imports_in_a_circle(tmp_path: Path) -> None:
    write(
        tmp_path,
        **{
            "package.json": "{}",
            "a.ts": 'export * from "./b";\nimport { B } from "./b";\nexport interface A { id: string; b: B }',
            "b.ts": 'export * from "./a";\nimport { A } from "./a";\nexport interface B { n: number; back: A[] }',
            "models.ts": f'{TYPESCRIPT}import {{ A, Lost }} from "./a";\nnew OlapTable<A>("a");\nnew OlapTable<Lost>("l");',
        },
    )
    scenario = read(tmp_path / "models.ts")
    assert list(scenario.entities["A"].columns) == ["id"]
    assert "A refers to itself" in told(scenario)
    assert "OlapTable l is left out" in told(scenario)


def test_pipelines_and_views(tmp_path: Path) -> None:
    text = """
    export interface A { id: Key<string> }
    export interface B { id: Key<string>; n: number }
    export interface Streamed { id: Key<string>; [key: string]: any }
    const config = { engine: ClickHouseEngines.ReplacingMergeTree, orderByFields: ["id"] };
    export const a = new IngestPipeline<A>("A", { table: true, stream: true, version: "0.1" });
    export const none = new IngestPipeline<Streamed>("Streamed", { table: false, stream: true });
    export const b = new IngestPipeline<B>("B", { table: config, ingestApi: true });
    export const dead = new OlapTable<DeadLetterModel>("Dead", { orderByFields: ["failedAt"] });
    export const c = new OlapTable<A>("named_" + suffix);
    export const d = new MaterializedView<B>({ tableName: "per_b", materializedViewName: "v", orderByFields: ["n"] });
    export const e = new MaterializedView<B>({ targetTable: dead, materializedViewName: "w" });
    export const f = new OlapTable<Streamed>("streamed");
    export const g = new OlapTable<A>("A", { version: "0.1" });
    """
    scenario = read_typescript(tmp_path, text)
    tables = {name: entity.target_table or name for name, entity in scenario.entities.items()}
    assert tables == {"A": "A_0_1", "B": "B", "Dead": "Dead", "per_b": "per_b"}
    assert scenario.entities["B"].target["clickhouse"]["engine"] == "ReplacingMergeTree"
    assert scenario.entities["Dead"].columns["source"].type == "enum(api, transform, table)"
    notes = told(scenario)
    assert "has no name that can be read" in notes
    assert "an index signature" in notes
    assert "A_0_1 is declared in" in notes


def test_models_without_tables(tmp_path: Path) -> None:
    write(
        tmp_path,
        **{
            "package.json": "{}",
            "app__datamodels__models.ts": """
            import { Key, DataModelConfig } from "@514labs/moose-lib";
            export interface Kept { id: Key<string> }
            export interface Streamed { id: Key<string> }
            interface Inner { a: number }
            export const config: DataModelConfig<Streamed> = { storage: { enabled: false } };
            export const order: DataModelConfig<Kept> = { storage: { order_by_fields: ["id"], deduplicate: true } };
            """,
        },
    )
    scenario = read(tmp_path / "app/datamodels/models.ts")
    assert list(scenario.entities) == ["Kept"]
    assert scenario.entities["Kept"].target["clickhouse"]["engine"] == "ReplacingMergeTree"


def test_syntax_that_is_not_understood_is_told(tmp_path: Path) -> None:
    text = """
    export interface T { id: Key<string>; n: number }
    const broken = ((;
    new OlapTable<T>("t");
    """
    scenario = read_typescript(tmp_path, text)
    assert "5  the parser does not understand the source here" in told(scenario)


@pytest.mark.parametrize("text", ["", "const x = 1;", "new OlapTable();", 'new OlapTable("t")', "\x00", "}{"])
def test_a_file_without_tables(text: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="there is no table in it"):
        read_typescript(tmp_path, text)


@pytest.mark.parametrize(
    ("comment", "text"),
    [
        ("// a range: 1-5", "a range: 1-5"),
        ("/** One line. */", "One line."),
        ("/**\n * Two\n * lines.\n * @see elsewhere\n * Values: no\n */", "Two\nlines."),
        ("/**\n * A title\n *\n * and more\n */", "A title\n\nand more"),
        ("/** Name. @source A - b */", "Name."),
        ("/** {@link Other} of x@y.example */", "Other of x@y.example"),
    ],
)
def test_what_a_comment_says(comment: str, text: str) -> None:
    assert comment_text(comment) == text
