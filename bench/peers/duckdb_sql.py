"""W1 by SQL that DuckDB runs, names and cities from lists written out: FORMAT FOLDER CUSTOMERS."""

from __future__ import annotations

import sys

import duckdb

FIRSTS = "Ana Ben Cleo Dan Eve Finn Gus Hana Ivo June Kai Lena Max Nora Otto Pia Rui Sara Tom Uma"
LASTS = "Abel Berg Cole Diaz Eaton Fox Garcia Holt Ito Jansen Klein Lund Moss Novak Olsen Park Reyes Sato"
CITIES = "Accra Austin Lisbon Lyon Osaka Oslo Quito Turin Utrecht Vienna"
CUSTOMERS = """
create table customers as
select uuid() as id, first || ' ' || last as full_name,
    lower(first || '.' || last) || number || '@example.com' as email,
    $cities[1 + floor(random() * len($cities))::int] as city,
    timestamp '2020-01-01' + to_seconds(floor(random() * 157766400)::int) as created_at, number
from (
    select range as number, $firsts[1 + floor(random() * len($firsts))::int] as first,
        $lasts[1 + floor(random() * len($lasts))::int] as last
    from range($count)
)
"""
ORDERS = """
select uuid() as id, customers.id as customer_id, date '2020-01-01' + floor(random() * 1827)::int as order_date,
    (5 + random() * 495)::decimal(10, 2) as total_amount,
    case when state < 0.8 then 'paid' when state < 0.9 then 'sent' when state < 0.95 then 'lost' else 'open' end
        as status
from (select floor(random() * {count})::bigint as number, random() as state from range(5 * {count})) drawn
join customers using (number)
"""


def main(form: str, folder: str, count: str) -> None:
    connection = duckdb.connect()
    lists = {"firsts": FIRSTS.split(), "lasts": LASTS.split(), "cities": CITIES.split()}
    connection.execute(CUSTOMERS, {**lists, "count": int(count)})
    tables = {"customers": "select * exclude (number) from customers", "orders": ORDERS.format(count=int(count))}
    for name, query in tables.items():
        connection.execute(f"copy ({query}) to '{folder}/{name}.{form}' (format {form})")


if __name__ == "__main__":
    main(*sys.argv[1:])
