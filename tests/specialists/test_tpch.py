"""What those who know TPC-H would look at: keys, dates, flags and totals by the specification's clause 4.2, and some of its queries."""

from __future__ import annotations

import duckdb
import pytest

from tests.specialists.rows import connection, one

Rows = duckdb.DuckDBPyConnection
SIZES = {
    "region": 5,
    "nation": 25,
    "supplier": 100,
    "part": 2000,
    "partsupp": 8000,
    "customer": 1500,
    "orders": 15_000,
}


@pytest.fixture(params=[None, 8], ids=["its own seed", "seed 8"])
def rows(request: pytest.FixtureRequest) -> Rows:
    return connection("tpch", request.param)


def test_tables_have_their_sizes_and_orders_one_to_seven_lines(rows: Rows) -> None:
    assert {name: one(rows, f"select count(*) from {name}") for name in SIZES} == SIZES
    counts = rows.execute(
        "select n, count(*) from (select count(*) n from lineitem group by l_orderkey) group by 1 order by 1"
    ).fetchall()
    assert [n for n, _ in counts] == [1, 2, 3, 4, 5, 6, 7]
    assert all(1900 < orders < 2400 for _, orders in counts)
    assert one(rows, "select count(*) from orders where o_orderkey not in (select l_orderkey from lineitem)") == 0


def test_order_keys_are_the_first_eight_of_each_thirty_two(rows: Rows) -> None:
    assert one(rows, "select count(distinct o_orderkey) from orders") == SIZES["orders"]
    assert one(rows, "select count(*) from orders where o_orderkey % 32 >= 8") == 0
    assert one(rows, "select max(o_orderkey) from orders") == 15_000 // 8 * 32 + 15_000 % 8


def test_a_part_has_four_suppliers_by_the_formula(rows: Rows) -> None:
    assert one(rows, "select min(n) from (select count(distinct ps_suppkey) n from partsupp group by ps_partkey)") == 4
    formula = "(ps_partkey + i * (100 // 4 + (ps_partkey - 1) // 100)) % 100 + 1"
    offers = "select *, (row_number() over (partition by ps_partkey) - 1) i from partsupp"
    wanted = f"select ps_partkey, {formula} from (select ps_partkey, i from part, (select unnest([0, 1, 2, 3]) i), (select p_partkey ps_partkey from part) where p_partkey = ps_partkey)"
    assert one(rows, f"select count(*) from (({wanted}) except (select ps_partkey, ps_suppkey from ({offers})))") == 0
    lost = "select l_partkey, l_suppkey from lineitem except select ps_partkey, ps_suppkey from partsupp"
    assert one(rows, f"select count(*) from ({lost})") == 0


def test_prices_follow_from_keys_quantities_and_discounts(rows: Rows) -> None:
    price = "(90000 + (p_partkey // 10) % 20001 + 100 * (p_partkey % 1000)) / 100.0"
    assert one(rows, f"select count(*) from part where abs(p_retailprice - {price}) > 0.001") == 0
    join = "lineitem join part on p_partkey = l_partkey"
    assert one(rows, f"select count(*) from {join} where l_extendedprice <> l_quantity * p_retailprice") == 0
    total = "select l_orderkey, round(sum(l_extendedprice * (1 + l_tax) * (1 - l_discount)), 2) total from lineitem group by 1"
    assert (
        one(rows, f"select count(*) from orders join ({total}) on l_orderkey = o_orderkey where o_totalprice <> total")
        == 0
    )
    ends = rows.execute("select min(l_quantity), max(l_quantity), max(l_discount), max(l_tax) from lineitem").fetchone()
    assert ends is not None
    assert [float(each) for each in ends] == [1, 50, 0.10, 0.08]


def test_dates_lie_between_their_bounds(rows: Rows) -> None:
    assert str(one(rows, "select min(o_orderdate) from orders")) == "1992-01-01"
    assert str(one(rows, "select max(o_orderdate) from orders")) <= "1998-08-02"
    wrong = """
        l_shipdate - o_orderdate not between 1 and 121 or l_commitdate - o_orderdate not between 30 and 90
        or l_receiptdate - l_shipdate not between 1 and 30
    """
    assert one(rows, f"select count(*) from lineitem join orders on o_orderkey = l_orderkey where {wrong}") == 0


def test_flags_follow_from_dates_and_an_orders_status_from_its_lines(rows: Rows) -> None:
    flags = "(l_returnflag = 'N') <> (l_receiptdate > '1995-06-17') or l_linestatus <> if(l_shipdate > '1995-06-17', 'O', 'F')"
    assert one(rows, f"select count(*) from lineitem where {flags}") == 0
    status = "case min(l_linestatus) || max(l_linestatus) when 'FF' then 'F' when 'OO' then 'O' else 'P' end"
    lines = f"select l_orderkey, {status} status from lineitem group by 1"
    assert (
        one(
            rows, f"select count(*) from orders join ({lines}) on l_orderkey = o_orderkey where status <> o_orderstatus"
        )
        == 0
    )
    returned = one(rows, "select avg((l_returnflag = 'R')::int) from lineitem where l_returnflag <> 'N'")
    assert 0.48 < returned < 0.52


def test_pricing_summary_has_its_four_groups(rows: Rows) -> None:
    """Query 1: groups of the shares that its validation answers have, and their averages."""
    sql = """
        select l_returnflag || l_linestatus, avg(l_quantity), avg(l_discount), count(*) from lineitem
        where l_shipdate <= date '1998-12-01' - interval 90 day group by 1 order by 1
    """
    groups = rows.execute(sql).fetchall()
    assert [name for name, *_ in groups] == ["AF", "NF", "NO", "RF"]
    shares = {"AF": 0.2500, "NF": 0.0066, "NO": 0.4935, "RF": 0.2500}
    total = sum(count for *_, count in groups)
    for name, quantity, discount, count in groups:
        assert abs(count / total - shares[name]) < 0.01
        assert abs(float(quantity) - 25.5) < 1.5
        assert abs(float(discount) - 0.05) < 0.005


def test_a_third_of_the_customers_orders_nothing(rows: Rows) -> None:
    assert one(rows, "select count(*) from orders where o_custkey % 3 = 0") == 0
    assert one(rows, "select count(distinct o_custkey) from orders") == 1000


def test_phones_have_the_country_code_of_the_nation(rows: Rows) -> None:
    for table, key, phone in (("customer", "c_nationkey", "c_phone"), ("supplier", "s_nationkey", "s_phone")):
        pattern = f"regexp_full_match({phone}, '[1-3][0-9]-[1-9][0-9]{{2}}-[1-9][0-9]{{2}}-[1-9][0-9]{{3}}')"
        assert (
            one(rows, f"select count(*) from {table} where left({phone}, 2)::int <> {key} + 10 or not {pattern}") == 0
        )


def test_names_are_numbered(rows: Rows) -> None:
    for table, key, name, word in (
        ("customer", "c_custkey", "c_name", "Customer"),
        ("supplier", "s_suppkey", "s_name", "Supplier"),
    ):
        assert one(rows, f"select count(*) from {table} where {name} <> printf('{word}#%09d', {key})") == 0
    assert (
        one(rows, "select count(*) from orders where not regexp_full_match(o_clerk, 'Clerk#0000000(0[1-9]|10)')") == 0
    )


def test_parts_are_described_by_the_listed_words(rows: Rows) -> None:
    assert one(rows, "select count(*) from part where len(list_distinct(string_split(p_name, ' '))) <> 5") == 0
    assert one(rows, "select count(*) from part where substr(p_brand, 7, 1) <> right(p_mfgr, 1)") == 0
    assert [one(rows, f"select count(distinct {name}) from part") for name in ("p_brand", "p_type", "p_container")] == [
        25,
        150,
        40,
    ]


def test_comments_are_pieces_of_text_within_their_lengths(rows: Rows) -> None:
    lengths = {
        ("lineitem", "l_comment"): (10, 43),
        ("orders", "o_comment"): (19, 78),
        ("customer", "c_comment"): (29, 116),
        ("part", "p_comment"): (5, 22),
        ("partsupp", "ps_comment"): (49, 198),
        ("supplier", "s_comment"): (25, 100),
    }
    for (table, column), (least, most) in lengths.items():
        found = rows.execute(f"select min(length({column})), max(length({column})) from {table}").fetchone()
        assert found is not None
        assert least <= found[0] <= least + 3
        assert most - 3 <= found[1] <= most
    assert one(rows, "select count(distinct l_comment) / count(*) from lineitem") > 0.97
    asked = one(rows, "select avg((o_comment like '%special%requests%')::int) from orders")
    assert 0 < asked < 0.03, "query 13 leaves some orders out"


def test_other_scales_keep_the_laws() -> None:
    import sdgen

    tables = sdgen.generate("tpch", scale=3)
    rows = duckdb.connect()
    for name, table in tables.items():
        rows.register(name, table)
    assert one(rows, "select count(*) from supplier") == 300
    assert one(rows, "select min(n) from (select count(distinct ps_suppkey) n from partsupp group by ps_partkey)") == 4
    formula = "(ps_partkey + i * (300 // 4 + (ps_partkey - 1) // 300)) % 300 + 1"
    wanted = f"select ps_partkey, {formula} from (select p_partkey ps_partkey, unnest([0, 1, 2, 3]) i from part)"
    assert one(rows, f"select count(*) from (({wanted}) except (select ps_partkey, ps_suppkey from partsupp))") == 0
    assert one(rows, "select count(distinct o_clerk) from orders") == 30
