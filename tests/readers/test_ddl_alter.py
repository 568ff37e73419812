"""What later statements change, take away and call anew: a schema as its last statement leaves it."""

from __future__ import annotations

import pytest

from sdgen.errors import SourceError
from sdgen.readers.sql.ddl import read_ddl
from sdgen.readers.sql.schema import Schema, SqlType, TableName, TableSchema

BASE = """
CREATE TABLE users (id int PRIMARY KEY, email varchar(40) NOT NULL UNIQUE, age int CHECK (age > 0), boss int);
CREATE TABLE orders (
  id int, user_id int NOT NULL REFERENCES users (id), code varchar(9), total int,
  CONSTRAINT orders_pk PRIMARY KEY (id), CONSTRAINT code_once UNIQUE (code, user_id),
  CONSTRAINT total_positive CHECK (total >= 0 AND "total" < 10000)
);
"""


def after(statements: str, dialect: str = "postgres", base: str = BASE) -> Schema:
    return read_ddl(base + statements, "x.sql", dialect)


def table(schema: Schema, name: str) -> TableSchema:
    return next(each for each in schema.tables if str(each.name) == name)


def names(schema: Schema) -> list[str]:
    return [str(each.name) for each in schema.tables]


def columns(schema: Schema, name: str) -> list[str]:
    return [each.name for each in table(schema, name).columns]


def test_a_table_is_renamed_with_what_leads_to_it() -> None:
    schema = after("ALTER TABLE users RENAME TO people;")
    assert names(schema) == ["people", "orders"]
    assert table(schema, "orders").foreign_keys[0].table == TableName("people")


@pytest.mark.parametrize(
    ("statement", "dialect"),
    [
        ("RENAME TABLE users TO people, orders TO sales;", "mysql"),
        ("ALTER TABLE users RENAME people; ALTER TABLE orders RENAME AS sales;", "mysql"),
        ("EXEC sp_rename 'users', 'people';\nEXEC dbo.sp_rename 'dbo.orders', 'sales';", "tsql"),
    ],
)
def test_each_dialect_renames_tables_in_its_way(statement: str, dialect: str) -> None:
    schema = after(statement, dialect)
    assert names(schema) == ["people", "sales"]
    assert table(schema, "sales").foreign_keys[0].table == TableName("people")


def test_a_table_moves_to_another_schema() -> None:
    schema = after("ALTER TABLE users SET SCHEMA crm;")
    assert names(schema) == ["crm.users", "orders"]
    assert table(schema, "orders").foreign_keys[0].table == TableName("users", "crm")


@pytest.mark.parametrize(
    ("statement", "dialect"),
    [
        ("ALTER TABLE orders RENAME COLUMN total TO amount;", "postgres"),
        ("ALTER TABLE orders RENAME total TO amount;", "postgres"),
        ("ALTER TABLE orders RENAME COLUMN total TO amount;", "mysql"),
        ("ALTER TABLE orders CHANGE COLUMN total amount bigint NOT NULL;", "mysql"),
        ("EXEC sp_rename 'orders.total', 'amount', 'COLUMN';", "tsql"),
    ],
)
def test_a_column_is_renamed_in_checks_too(statement: str, dialect: str) -> None:
    schema = after(statement, dialect, BASE.replace('"total"', "total"))
    assert columns(schema, "orders") == ["id", "user_id", "code", "amount"]
    assert table(schema, "orders").checks[0].sql == "amount >= 0 AND amount < 10000"


def test_a_renamed_column_stays_in_keys_and_is_led_to() -> None:
    schema = after('ALTER TABLE users RENAME id TO "User Id"; ALTER TABLE orders RENAME COLUMN user_id TO buyer;')
    orders = table(schema, "orders")
    assert table(schema, "users").primary_key is not None
    assert table(schema, "users").primary_key.columns == ("User Id",)
    assert (orders.foreign_keys[0].columns, orders.foreign_keys[0].to) == (("buyer",), ("User Id",))
    assert orders.unique[0].columns == ("code", "buyer")
    again = after('ALTER TABLE orders RENAME COLUMN total TO "Total sum";')
    assert table(again, "orders").checks[0].sql == '"Total sum" >= 0 AND "Total sum" < 10000'


def test_names_within_texts_and_of_functions_stay() -> None:
    base = "CREATE TABLE t (length int, CHECK (length(name) > 1 AND kind <> 'length' AND length > 2), name text, kind text);"
    schema = after("ALTER TABLE t RENAME COLUMN length TO size;", base=base)
    assert table(schema, "t").checks[0].sql == "length(name) > 1 AND kind <> 'length' AND size > 2"


@pytest.mark.parametrize("way", ["DROP COLUMN user_id", "DROP COLUMN IF EXISTS user_id CASCADE", "DROP user_id"])
def test_a_dropped_column_takes_its_constraints_with_it(way: str) -> None:
    orders = table(after(f"ALTER TABLE orders {way};"), "orders")
    assert [each.name for each in orders.columns] == ["id", "code", "total"]
    assert (orders.foreign_keys, orders.unique, len(orders.checks)) == ((), (), 1)


def test_a_dropped_column_takes_checks_and_references_with_it() -> None:
    schema = after("ALTER TABLE orders DROP COLUMN total; ALTER TABLE users DROP COLUMN id CASCADE;")
    assert table(schema, "orders").checks == ()
    assert table(schema, "orders").foreign_keys == ()
    assert table(schema, "users").primary_key is None


def test_mysql_keeps_the_rest_of_a_key() -> None:
    orders = table(after("ALTER TABLE orders DROP COLUMN user_id;", "mysql"), "orders")
    assert orders.unique[0].columns == ("code",)


@pytest.mark.parametrize("name", ["orders_pk", "ORDERS_PK"])
def test_a_dropped_key_leaves_its_columns_not_null(name: str) -> None:
    orders = table(after(f"ALTER TABLE orders DROP CONSTRAINT {name};"), "orders")
    assert orders.primary_key is None
    assert not orders.columns[0].nullable


@pytest.mark.parametrize(
    ("statement", "dialect"),
    [
        ("ALTER TABLE users DROP CONSTRAINT users_pkey;", "postgres"),
        ("ALTER TABLE users RENAME TO people; ALTER TABLE people DROP CONSTRAINT users_pkey;", "postgres"),
        ("ALTER TABLE users DROP PRIMARY KEY;", "mysql"),
    ],
)
def test_a_primary_key_without_a_name_is_dropped(statement: str, dialect: str) -> None:
    schema = after(statement, dialect)
    assert schema.tables[0].primary_key is None
    assert schema.tables[1].primary_key is not None


@pytest.mark.parametrize(
    ("statement", "dialect"),
    [
        ("ALTER TABLE users DROP CONSTRAINT users_email_key;", "postgres"),
        ("ALTER TABLE users DROP INDEX email;", "mysql"),
        ("ALTER TABLE users DROP KEY email;", "mysql"),
        ("DROP INDEX email ON users;", "mysql"),
    ],
)
def test_a_unique_constraint_without_a_name_is_dropped(statement: str, dialect: str) -> None:
    base = BASE if "DROP INDEX email" not in statement or "ALTER" in statement else BASE.replace("UNIQUE,", ",")
    base += "CREATE UNIQUE INDEX email ON users (email);" if base is not BASE and "UNIQUE," not in base else ""
    schema = after(statement, dialect, base)
    assert table(schema, "users").unique == ()
    assert len(table(schema, "orders").unique) == 1


@pytest.mark.parametrize(
    ("statement", "dialect"),
    [
        ("ALTER TABLE orders DROP CONSTRAINT orders_user_id_fkey;", "postgres"),
        ("ALTER TABLE orders DROP FOREIGN KEY orders_ibfk_1;", "mysql"),
    ],
)
def test_a_foreign_key_without_a_name_is_dropped(statement: str, dialect: str) -> None:
    assert table(after(statement, dialect), "orders").foreign_keys == ()


@pytest.mark.parametrize(
    ("statement", "dialect"),
    [
        ("ALTER TABLE users DROP CONSTRAINT users_age_check;", "postgres"),
        ("ALTER TABLE users DROP CHECK users_chk_1;", "mysql"),
    ],
)
def test_a_check_without_a_name_is_dropped(statement: str, dialect: str) -> None:
    schema = after(statement, dialect)
    assert table(schema, "users").checks == ()
    assert len(table(schema, "orders").checks) == 1


def test_constraints_of_other_names_stay() -> None:
    orders = table(after("ALTER TABLE orders DROP CONSTRAINT IF EXISTS nothing, DROP CONSTRAINT code_once;"), "orders")
    assert (orders.primary_key is not None, orders.unique, len(orders.foreign_keys)) == (True, (), 1)


def test_a_renamed_constraint_is_dropped_by_its_new_name() -> None:
    renamed = "ALTER TABLE orders RENAME CONSTRAINT code_once TO codes; ALTER INDEX codes RENAME TO codes2;"
    assert table(after(renamed), "orders").unique[0].name == "codes2"
    assert table(after(renamed + "ALTER TABLE orders DROP CONSTRAINT codes2;"), "orders").unique == ()


@pytest.mark.parametrize(
    ("statement", "type"),
    [
        ("ALTER TABLE orders ALTER COLUMN code TYPE uuid USING code::uuid;", "uuid"),
        ("ALTER TABLE orders ALTER code SET DATA TYPE varchar(20);", "varchar(20)"),
        ("ALTER TABLE orders ALTER COLUMN code TYPE numeric(10, 2), ALTER total DROP NOT NULL;", "numeric(10, 2)"),
    ],
)
def test_a_type_changes(statement: str, type: str) -> None:
    column = table(after(statement), "orders").columns[2]
    assert (str(column.type), column.nullable) == (type, True)


@pytest.mark.parametrize(("rest", "nullable"), [("bigint", True), ("bigint NULL", True), ("bigint NOT NULL", False)])
def test_sql_server_takes_nulls_unless_told(rest: str, nullable: bool) -> None:
    column = table(after(f"ALTER TABLE orders ALTER COLUMN user_id {rest};", "tsql"), "orders").columns[1]
    assert (column.type, column.nullable) == (SqlType("bigint"), nullable)


def test_sql_server_lists_what_it_adds_and_drops() -> None:
    schema = after(
        "ALTER TABLE orders ADD note nvarchar(20) NULL, weight int NOT NULL CONSTRAINT w DEFAULT 0;\n"
        "ALTER TABLE orders DROP CONSTRAINT code_once, COLUMN code, total_positive;\n"
        "ALTER TABLE users DROP COLUMN age, boss;",
        "tsql",
    )
    assert columns(schema, "orders") == ["id", "user_id", "total", "note", "weight"]
    assert columns(schema, "users") == ["id", "email"]
    assert (table(schema, "orders").unique, table(schema, "orders").checks) == ((), ())
    again = after("ALTER TABLE orders DROP code_once;", "tsql")
    assert table(again, "orders").unique == ()


def test_options_of_a_column_come_and_go() -> None:
    base = "CREATE TABLE t (id serial PRIMARY KEY, a int NOT NULL DEFAULT 7, b int GENERATED ALWAYS AS (a * 2) STORED, c int);"
    schema = after(
        "ALTER TABLE t ALTER a DROP NOT NULL, ALTER a DROP DEFAULT, ALTER COLUMN b DROP EXPRESSION;"
        "ALTER TABLE t ALTER id DROP DEFAULT; ALTER TABLE t ALTER c SET NOT NULL, ALTER c SET DEFAULT 5;",
        base=base,
    )
    id_, a, b, c = table(schema, "t").columns
    assert (a.nullable, a.default, b.computed, id_.counts) == (True, "", False, False)
    assert (c.nullable, c.default) == (False, "5")
    counted = after("ALTER TABLE t ALTER c ADD GENERATED BY DEFAULT AS IDENTITY;", base=base)
    assert table(counted, "t").columns[3].counts
    dropped = after("ALTER TABLE t ALTER c ADD GENERATED ALWAYS AS IDENTITY, ALTER c DROP IDENTITY;", base=base)
    assert not table(dropped, "t").columns[3].counts


def test_mysql_and_oracle_modify_columns() -> None:
    found = table(after("ALTER TABLE orders MODIFY COLUMN code char(3) NOT NULL;", "mysql"), "orders").columns[2]
    assert (str(found.type), found.nullable) == ("char(3)", False)
    several = after("ALTER TABLE orders MODIFY (code char(4), total NOT NULL);", "oracle")
    assert [(str(each.type), each.nullable) for each in table(several, "orders").columns[2:]] == [
        ("char(4)", True),
        ("int", False),
    ]


def test_what_is_there_is_not_added_again() -> None:
    schema = after(
        "ALTER TABLE orders ADD COLUMN IF NOT EXISTS total text, ADD COLUMN IF NOT EXISTS note text;"
        "CREATE TABLE IF NOT EXISTS users (other int);"
    )
    assert [str(each.type) for each in table(schema, "orders").columns[3:]] == ["int", "text"]
    assert columns(schema, "users") == ["id", "email", "age", "boss"]


def test_dropped_tables_are_gone() -> None:
    assert names(after("DROP TABLE IF EXISTS orders, nothing;")) == ["users"]
    schema = after("DROP TABLE users CASCADE;")
    assert (names(schema), table(schema, "orders").foreign_keys) == (["orders"], ())
    with pytest.raises(SourceError, match="no tables found"):
        after("DROP TABLE orders; DROP TABLE users;")


def test_a_dropped_index_is_gone() -> None:
    made = "CREATE UNIQUE INDEX by_age ON users (age); CREATE UNIQUE INDEX by_boss ON users (boss);"
    assert len(table(after(made), "users").unique) == 3
    assert len(table(after(made + "DROP INDEX CONCURRENTLY IF EXISTS public.by_age, by_boss;"), "users").unique) == 1
    same = "CREATE UNIQUE INDEX one ON users (age); CREATE UNIQUE INDEX one ON orders (total); DROP INDEX one ON users;"
    schema = after(same, "mysql")
    assert [len(table(schema, name).unique) for name in ("users", "orders")] == [1, 2]
    schema = after(same.replace("one ON users;", "users.one;"), "tsql")
    assert [len(table(schema, name).unique) for name in ("users", "orders")] == [1, 2]


def test_sqlite_exchanges_a_table_for_a_new_one() -> None:
    made_first = after(
        "CREATE TABLE new_users (id integer PRIMARY KEY, name text); INSERT INTO new_users SELECT id, email FROM users;"
        "DROP TABLE users; ALTER TABLE new_users RENAME TO users;",
        "sqlite",
    )
    renamed_first = after(
        "ALTER TABLE users RENAME TO old_users; CREATE TABLE users (id integer PRIMARY KEY, name text);"
        "DROP TABLE old_users;",
        "sqlite",
    )
    for schema in (made_first, renamed_first):
        assert columns(schema, "users") == ["id", "name"]
        assert table(schema, "orders").foreign_keys[0].table == TableName("users")


def test_enums_change_as_migrations_change_them() -> None:
    schema = after(
        "CREATE TYPE role AS ENUM ('a', 'b'); CREATE TABLE t (id int PRIMARY KEY, r role);"
        "ALTER TYPE role ADD VALUE IF NOT EXISTS 'b'; ALTER TYPE role ADD VALUE 'c' AFTER 'a';"
        "ALTER TYPE role RENAME VALUE 'a' TO 'admin';"
    )
    assert schema.enums == {"role": ("admin", "b", "c")}
    exchanged = after(
        "CREATE TYPE role AS ENUM ('a', 'b'); CREATE TABLE t (id int PRIMARY KEY, r role);"
        "CREATE TYPE role_new AS ENUM ('x', 'y'); ALTER TABLE t ALTER COLUMN r TYPE role_new USING (r::text::role_new);"
        "ALTER TYPE role RENAME TO role_old; ALTER TYPE role_new RENAME TO role; DROP TYPE role_old;"
    )
    assert exchanged.enums == {"role": ("x", "y")}
    assert str(table(exchanged, "t").columns[1].type) == "role"


def test_domains_change() -> None:
    base = "CREATE DOMAIN rate AS int NOT NULL CHECK (VALUE > 0) CONSTRAINT small CHECK (VALUE < 9);" + BASE
    schema = after(
        "ALTER DOMAIN rate DROP CONSTRAINT rate_check; ALTER DOMAIN rate ADD CONSTRAINT top CHECK (VALUE < 5);"
        "ALTER DOMAIN rate DROP NOT NULL; ALTER DOMAIN rate DROP CONSTRAINT IF EXISTS small;",
        base=base,
    )
    assert ([check.sql for check in schema.domains["rate"].checks], schema.domains["rate"].nullable) == (
        ["VALUE < 5"],
        True,
    )
    renamed = after(
        "CREATE TABLE t (r rate); ALTER DOMAIN rate RENAME TO share; ALTER DOMAIN share SET NOT NULL;", base=base
    )
    assert list(renamed.domains) == ["share"]
    assert str(table(renamed, "t").columns[0].type) == "share"
    assert after("DROP DOMAIN IF EXISTS rate;", base=base).domains == {}


@pytest.mark.parametrize(
    ("up", "down"),
    [("-- +goose Up", "-- +goose Down"), ("-- +migrate Up", "-- +migrate Down"), ("-- migrate:up", "-- migrate:down")],
)
def test_what_takes_a_migration_back_is_not_read(up: str, down: str) -> None:
    text = f"{up}\nCREATE TABLE a (id int);\n{down}\nDROP TABLE a;\n{up}\nCREATE TABLE b (id int);\n{down}\nDROP TABLE b;\n"
    schema = read_ddl(text, "x.sql")
    assert [(str(each.name), each.line) for each in schema.tables] == [("a", 2), ("b", 6)]


def test_lines_that_end_in_a_carriage_return_end_copied_rows_too() -> None:
    text = "CREATE TABLE a (id int);\nCOPY a (id) FROM stdin;\n1\n2\n\\.\n\nCREATE TABLE b (id int);\n".replace(
        "\n", "\r\n"
    )
    assert names(read_ddl(text, "x.sql", "postgres")) == ["a", "b"]


def test_what_is_not_there_is_told_where_something_is_added() -> None:
    schema = after("ALTER TABLE nothing ADD COLUMN x int; ALTER TABLE nothing DROP COLUMN x;")
    assert [note.what for note in schema.notes] == ["ALTER TABLE nothing left out: there is no such table"]


def test_a_copy_is_of_the_table_as_it_was_and_changes_by_itself() -> None:
    schema = after(
        "CREATE TABLE past (LIKE users INCLUDING ALL, note text); ALTER TABLE past DROP COLUMN boss;"
        "ALTER TABLE past ALTER COLUMN email TYPE varchar(9); ALTER TABLE past RENAME COLUMN age TO years;"
        "ALTER TABLE users ADD COLUMN later int;"
    )
    past = table(schema, "past")
    assert sorted(columns(schema, "past")) == ["email", "id", "note", "years"]
    assert past.primary_key is not None
    assert past.primary_key.columns == ("id",)
    assert [key.columns for key in past.unique] == [("email",)]
    assert [check.sql for check in past.checks] == ["years > 0"]
    assert next(each for each in past.columns if each.name == "email").type == SqlType("varchar", (9,))
    assert "later" in columns(schema, "users")


@pytest.mark.parametrize(
    ("included", "primary", "unique", "checks"),
    [
        ("", False, 0, 0),
        ("INCLUDING CONSTRAINTS", False, 0, 1),
        ("INCLUDING INDEXES", True, 1, 0),
        ("INCLUDING ALL EXCLUDING INDEXES", False, 0, 1),
    ],
)
def test_what_a_copy_includes(included: str, primary: bool, unique: int, checks: int) -> None:
    past = table(after(f"CREATE TABLE past (LIKE users {included});"), "past")
    assert (past.primary_key is not None, len(past.unique), len(past.checks)) == (primary, unique, checks)
    assert not next(each for each in past.columns if each.name == "id").nullable


BLOCK = """
DO $$
DECLARE
  found int;
BEGIN
  -- ALTER TABLE users ADD COLUMN ghost int;
  IF NOT EXISTS (SELECT 1 FROM pg_type WHERE typname = 'a; b') THEN
    CREATE TYPE grade AS ENUM ('a;', 'b');
  END IF;
  BEGIN
    ALTER TABLE users ADD COLUMN grade grade NOT NULL;
  EXCEPTION WHEN duplicate_column THEN RAISE NOTICE 'there; ALTER TABLE users ADD COLUMN ghost int;';
  END;
  ALTER TABLE orders DROP CONSTRAINT IF EXISTS code_once;
  EXECUTE 'ALTER TABLE orders ADD CONSTRAINT few CHECK (code IN (''x'', ''y''))';
  EXECUTE $q$ CREATE UNIQUE INDEX once ON orders (total) $q$;
  EXECUTE format('ALTER TABLE %I ADD COLUMN ghost int', 'users');
END $$;
DO LANGUAGE plpgsql 'BEGIN ALTER TABLE users ALTER COLUMN age SET NOT NULL; END';
"""


def test_a_block_changes_the_schema_too() -> None:
    schema = after(BLOCK)
    assert schema.enums == {"grade": ("a;", "b")}
    assert columns(schema, "users") == ["id", "email", "age", "boss", "grade"]
    assert not next(each for each in table(schema, "users").columns if each.name == "age").nullable
    assert [key.name for key in table(schema, "orders").unique] == ["once"]
    assert [check.sql for check in table(schema, "orders").checks if check.name == "few"] == ["code IN ('x', 'y')"]
    told = [note for note in schema.notes if "puts together as it runs" in note.what]
    assert [note.line for note in told] == [BASE.count("\n") + BLOCK[: BLOCK.index("EXECUTE format")].count("\n") + 1]


def test_all_of_a_dump_with_windows_line_ends_is_read() -> None:
    rows = "COPY public.users (id, email) FROM stdin;\n1\ta;b\n\\.\n\n"
    more = "ALTER TABLE ONLY public.orders ADD CONSTRAINT o_u FOREIGN KEY (total) REFERENCES public.users(id);\n"
    schema = after((rows + more).replace("\n", "\r\n"))
    assert [key.name for key in table(schema, "orders").foreign_keys] == ["", "o_u"]
