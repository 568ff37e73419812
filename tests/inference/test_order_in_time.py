"""Bare schemas: moments come in order within rows and across links, by names, types and keys alone."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

import sdgen
from sdgen.inference.guess import with_guesses
from sdgen.readers.sources import read_mapping, read_text_as_scenario
from sdgen.scenario.model import GeneratorSpec

AS_OF = datetime(2026, 3, 2, 10, 30, tzinfo=UTC)
NOW = "TIMESTAMP '2026-03-02 10:30:00'"

# A schema, and conditions that no row of a query may break.
SHOP = """
CREATE TABLE customers (id int PRIMARY KEY, email text NOT NULL, created_at timestamp NOT NULL, updated_at timestamp NOT NULL, deleted_at timestamp);
CREATE TABLE coupons (id int PRIMARY KEY, code text NOT NULL, valid_from date NOT NULL, valid_until date NOT NULL);
CREATE TABLE orders (id int PRIMARY KEY, customer_id int NOT NULL REFERENCES customers(id), coupon_id int REFERENCES coupons(id),
  order_date date NOT NULL, ordered_at timestamp NOT NULL, required_date date NOT NULL, paid_at timestamp, shipped_at timestamp, delivered_at timestamp);
CREATE TABLE order_items (id int PRIMARY KEY, order_id int NOT NULL REFERENCES orders(id), created_at timestamp NOT NULL, quantity int NOT NULL);
CREATE TABLE payments (id int PRIMARY KEY, order_id int NOT NULL REFERENCES orders(id), authorized_at timestamp NOT NULL, captured_at timestamp, posted_at timestamp);
CREATE TABLE refunds (id int PRIMARY KEY, payment_id int NOT NULL REFERENCES payments(id), requested_at timestamp NOT NULL, approved_at timestamp, refunded_at timestamp);
CREATE TABLE carts (id int PRIMARY KEY, customer_id int NOT NULL REFERENCES customers(id), added_to_cart_at timestamp, purchased_at timestamp, returned_at timestamp);
"""
HOSPITAL = """
CREATE TABLE patients (patient_id int PRIMARY KEY, first_name text NOT NULL, date_of_birth date NOT NULL, date_of_death date);
CREATE TABLE nurses (nurse_id int PRIMARY KEY, full_name text NOT NULL, hire_date date NOT NULL);
CREATE TABLE stays (stay_id int PRIMARY KEY, patient_id int NOT NULL REFERENCES patients(patient_id), admitted_at timestamp NOT NULL, discharged_at timestamp);
CREATE TABLE vital_signs (id int PRIMARY KEY, stay_id int NOT NULL REFERENCES stays(stay_id), nurse_id int NOT NULL REFERENCES nurses(nurse_id), measured_at timestamp NOT NULL, heart_rate int);
CREATE TABLE lab_orders (id int PRIMARY KEY, stay_id int NOT NULL REFERENCES stays(stay_id), ordered_at timestamp NOT NULL, collected_at timestamp, resulted_at timestamp);
"""
FLEET = """
CREATE TABLE lorries (id int PRIMARY KEY, plate text NOT NULL, acquired_on date NOT NULL);
CREATE TABLE drivers (id int PRIMARY KEY, name text NOT NULL, birth_date date NOT NULL, hired_on date NOT NULL, licence_expires_on date NOT NULL);
CREATE TABLE tours (id int PRIMARY KEY, lorry_id int NOT NULL REFERENCES lorries(id), driver_id int NOT NULL REFERENCES drivers(id), departed_at timestamp NOT NULL, arrived_at timestamp NOT NULL);
CREATE TABLE positions (id bigint PRIMARY KEY, tour_id int NOT NULL REFERENCES tours(id), recorded_at timestamp NOT NULL, lat double, lon double);
CREATE TABLE rides (id int PRIMARY KEY, driver_id int NOT NULL REFERENCES drivers(id), requested_at timestamp NOT NULL, pickup_at timestamp NOT NULL, dropoff_at timestamp);
CREATE TABLE repairs (id int PRIMARY KEY, lorry_id int NOT NULL REFERENCES lorries(id), opened_on date NOT NULL, closed_on date, next_service_date date NOT NULL);
"""
STAFF = """
CREATE TABLE departments (dept_no char(4) PRIMARY KEY, dept_name varchar(40) NOT NULL, created_at timestamp NOT NULL);
CREATE TABLE employees (emp_no int PRIMARY KEY, birth_date date NOT NULL, hire_date date NOT NULL, termination_date date, manager_no int REFERENCES employees(emp_no));
CREATE TABLE salaries (emp_no int NOT NULL REFERENCES employees(emp_no), salary int NOT NULL, from_date date NOT NULL, to_date date NOT NULL, PRIMARY KEY (emp_no, from_date));
CREATE TABLE leave_requests (id int PRIMARY KEY, emp_no int NOT NULL REFERENCES employees(emp_no), submitted_at timestamp NOT NULL, approved_at timestamp, start_date date NOT NULL, end_date date NOT NULL);
CREATE TABLE applications (id int PRIMARY KEY, dept_no char(4) NOT NULL REFERENCES departments(dept_no), applied_at timestamp NOT NULL, interviewed_at timestamp, hired_at timestamp);
CREATE TABLE timesheets (id int PRIMARY KEY, emp_no int NOT NULL REFERENCES employees(emp_no), period_start date NOT NULL, period_end date NOT NULL, submitted_at timestamp);
CREATE TABLE timesheet_entries (id int PRIMARY KEY, timesheet_id int NOT NULL REFERENCES timesheets(id), work_date date NOT NULL, hours numeric(4,2) NOT NULL);
"""
TICKETS = """
CREATE TABLE agents (id int PRIMARY KEY, name text NOT NULL, joined_at timestamp NOT NULL);
CREATE TABLE requesters (id int PRIMARY KEY, email text NOT NULL, signed_up_at timestamp NOT NULL, last_login_at timestamp);
CREATE TABLE tickets (id int PRIMARY KEY, requester_id int NOT NULL REFERENCES requesters(id), assignee_id int REFERENCES agents(id), subject text NOT NULL, status text NOT NULL,
  opened_at timestamp NOT NULL, first_response_at timestamp, resolved_at timestamp, closed_at timestamp, due_at timestamp NOT NULL);
CREATE TABLE comments (id int PRIMARY KEY, ticket_id int NOT NULL REFERENCES tickets(id), author_id int NOT NULL REFERENCES agents(id), parent_id int REFERENCES comments(id), created_at timestamp NOT NULL, edited_at timestamp);
"""
LIBRARY = """
CREATE TABLE members (id int PRIMARY KEY, name text NOT NULL, birth_date date NOT NULL, member_since date NOT NULL, membership_expires_on date NOT NULL);
CREATE TABLE books (id int PRIMARY KEY, title text NOT NULL, publication_date date NOT NULL, acquired_on date NOT NULL);
CREATE TABLE loans (id int PRIMARY KEY, book_id int NOT NULL REFERENCES books(id), member_id int NOT NULL REFERENCES members(id), loaned_on date NOT NULL, due_on date NOT NULL, returned_on date);
CREATE TABLE holds (id int PRIMARY KEY, book_id int NOT NULL REFERENCES books(id), member_id int NOT NULL REFERENCES members(id), placed_on date NOT NULL, expires_on date NOT NULL);
CREATE TABLE fines (id int PRIMARY KEY, loan_id int NOT NULL REFERENCES loans(id), issued_on date NOT NULL, paid_on date);
"""
BROKEN = {
    "shop": (
        SHOP,
        [
            "customers WHERE updated_at < created_at OR deleted_at < created_at OR updated_at > NOW OR deleted_at > NOW OR created_at > NOW",
            "coupons WHERE valid_until <= valid_from",
            "orders o JOIN customers c ON c.id = o.customer_id WHERE o.ordered_at < c.created_at OR o.ordered_at > NOW",
            "orders WHERE order_date <> ordered_at::date OR required_date < order_date",
            "orders WHERE paid_at < ordered_at OR shipped_at < paid_at OR shipped_at < ordered_at OR delivered_at < shipped_at OR delivered_at < paid_at OR delivered_at < ordered_at OR delivered_at > NOW",
            "order_items i JOIN orders o ON o.id = i.order_id WHERE i.created_at < o.ordered_at OR i.created_at > NOW",
            "payments p JOIN orders o ON o.id = p.order_id WHERE p.authorized_at < o.ordered_at OR posted_at < o.ordered_at",
            "payments WHERE posted_at < authorized_at OR posted_at > NOW",
            "refunds r JOIN payments p ON p.id = r.payment_id WHERE requested_at < authorized_at OR approved_at < requested_at OR refunded_at < approved_at OR refunded_at < requested_at OR refunded_at > NOW",
            "carts k JOIN customers c ON c.id = k.customer_id WHERE added_to_cart_at < created_at OR purchased_at < added_to_cart_at OR purchased_at < created_at OR returned_at < purchased_at OR returned_at < added_to_cart_at OR returned_at > NOW",
        ],
    ),
    "hospital": (
        HOSPITAL,
        [
            "patients WHERE date_of_death < date_of_birth OR date_of_death > NOW",
            "stays s JOIN patients p USING (patient_id) WHERE admitted_at < date_of_birth OR discharged_at < admitted_at OR discharged_at > NOW",
            "vital_signs v JOIN stays s USING (stay_id) WHERE measured_at < admitted_at OR measured_at > discharged_at OR measured_at > NOW",
            "vital_signs v JOIN nurses n USING (nurse_id) WHERE measured_at < hire_date",
            "lab_orders l JOIN stays s USING (stay_id) WHERE ordered_at < admitted_at OR ordered_at > discharged_at OR collected_at < ordered_at OR resulted_at < collected_at OR resulted_at < ordered_at OR resulted_at > NOW",
        ],
    ),
    "fleet": (
        FLEET,
        [
            "drivers WHERE hired_on < birth_date OR licence_expires_on < hired_on",
            "tours t JOIN lorries l ON l.id = t.lorry_id JOIN drivers d ON d.id = t.driver_id WHERE departed_at < acquired_on OR departed_at < hired_on OR arrived_at < departed_at OR arrived_at > NOW",
            "rides WHERE pickup_at < requested_at OR dropoff_at < pickup_at OR dropoff_at > NOW",
            "positions p JOIN tours t ON t.id = p.tour_id WHERE recorded_at < departed_at OR recorded_at > arrived_at",
            "repairs r JOIN lorries l ON l.id = r.lorry_id WHERE opened_on < acquired_on OR closed_on < opened_on OR closed_on > NOW OR next_service_date < opened_on",
        ],
    ),
    "staff": (
        STAFF,
        [
            "employees WHERE hire_date < birth_date OR termination_date < hire_date OR termination_date > NOW",
            "salaries s JOIN employees e USING (emp_no) WHERE from_date < hire_date OR to_date < from_date",
            "leave_requests l JOIN employees e USING (emp_no) WHERE submitted_at < hire_date OR approved_at < submitted_at OR approved_at > NOW OR end_date < start_date OR start_date < hire_date",
            "applications a JOIN departments d USING (dept_no) WHERE applied_at < created_at OR interviewed_at < applied_at OR hired_at < interviewed_at OR hired_at < applied_at OR hired_at > NOW",
            "timesheets t JOIN employees e USING (emp_no) WHERE period_start < hire_date OR period_end < period_start",
            "timesheet_entries x JOIN timesheets t ON t.id = x.timesheet_id WHERE work_date < period_start OR work_date > period_end OR work_date > NOW",
        ],
    ),
    "tickets": (
        TICKETS,
        [
            "requesters WHERE last_login_at < signed_up_at OR last_login_at > NOW",
            "tickets t JOIN requesters r ON r.id = t.requester_id WHERE opened_at < signed_up_at OR due_at < opened_at",
            "tickets t JOIN agents a ON a.id = t.assignee_id WHERE opened_at < joined_at",
            "tickets WHERE first_response_at < opened_at OR resolved_at < opened_at OR resolved_at < first_response_at OR closed_at < resolved_at OR closed_at < opened_at OR closed_at > NOW",
            "comments c JOIN tickets t ON t.id = c.ticket_id WHERE c.created_at < opened_at OR c.created_at > closed_at OR edited_at < c.created_at OR edited_at > NOW",
            "comments c JOIN agents a ON a.id = c.author_id WHERE c.created_at < joined_at",
        ],
    ),
    "library": (
        LIBRARY,
        [
            "members WHERE member_since < birth_date OR membership_expires_on < member_since",
            "loans l JOIN books b ON b.id = l.book_id JOIN members m ON m.id = l.member_id WHERE loaned_on < acquired_on OR loaned_on < member_since OR due_on < loaned_on OR returned_on < loaned_on OR returned_on > NOW OR loaned_on > NOW",
            "holds h JOIN books b ON b.id = h.book_id JOIN members m ON m.id = h.member_id WHERE placed_on < acquired_on OR placed_on < member_since OR expires_on < placed_on",
            "fines f JOIN loans l ON l.id = f.loan_id WHERE issued_on < loaned_on OR paid_on < issued_on OR paid_on > NOW",
        ],
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_no_row_is_out_of_order(name: str, tmp_path: Path) -> None:
    ddl, broken = BROKEN[name]
    (tmp_path / "schema.sql").write_text(ddl, encoding="utf-8")
    target = tmp_path / "out.duckdb"
    result = sdgen.write(str(tmp_path / "schema.sql"), to=str(target), rows=2000, seed=11, as_of=AS_OF)
    assert result.rows == 2000 * ddl.count("CREATE TABLE")
    with duckdb.connect(str(target), read_only=True) as connection:
        for condition in broken:
            text = f"SELECT count(*) FROM {condition}".replace("NOW", NOW)
            assert connection.sql(text).fetchall() == [(0,)], text


def specs(entity: str, **entities: object) -> dict[str, GeneratorSpec]:
    """The generators of an entity's columns, guesses among them."""
    rules = entities.pop("rules", [])
    scenario = read_mapping({"name": "s", "rules": rules, "entities": entities})
    columns = with_guesses(scenario).entities[entity].columns
    return {name: column.generator for name, column in columns.items() if column.generator is not None}


def entity(**columns: object) -> dict[str, object]:
    return {"rows": 20, "columns": {"id": {"type": "int", "primary_key": True}, **columns}}


def link(to: str, **more: object) -> dict[str, object]:
    return {"type": "int", "generator": "fk", "params": {"entity": to, "column": "id"}, **more}


def test_what_users_say_stands() -> None:
    own = {"type": "timestamp", "generator": "datetime", "params": {"start": "-9d"}}
    rule = {"pattern": "paid_at", "generator": "datetime", "params": {"start": "-8d"}}
    found = specs(
        "orders",
        customers=entity(created_at="timestamp"),
        orders=entity(customer_id=link("customers"), ordered_at=own, paid_at="timestamp", shipped_at="timestamp"),
        rules=[rule],
    )
    assert found["ordered_at"].params == {"start": "-9d"}
    assert found["paid_at"].params == {"start": "-8d"}
    assert {found["shipped_at"].params["column"], *found["shipped_at"].params["after"]} >= {"ordered_at", "paid_at"}


def test_links_in_cycles_bound_nothing() -> None:
    found = specs(
        "teams",
        teams=entity(lead_id=link("members", nullable=True), founder_id=link("owners"), created_at="timestamp"),
        members=entity(team_id=link("teams"), boss_id=link("members", nullable=True), created_at="timestamp"),
        owners=entity(created_at="timestamp"),
    )
    assert found["created_at"].params["after"] == ["founder_id.created_at"]


def test_unique_moments_stay_in_one_range_and_their_parents_come_before() -> None:
    days = {**entity(meter_id=link("meters"), read_on="date"), "unique": [["meter_id", "read_on"]]}
    assert "after" not in specs("readings", meters=entity(installed_on="date"), readings=days)["read_on"].params
    assert specs("meters", meters=entity(installed_on="date"), readings=days)["installed_on"].params["end"] == "-3y"


def test_rhythms_come_where_names_say_so() -> None:
    found = specs("orders", orders=entity(ordered_at="timestamp", due_date="date"))
    assert found["ordered_at"].params["rhythm"] == "shop"
    assert "rhythm" not in specs("widgets", widgets=entity(created_at="timestamp"))["created_at"].params
    assert found["due_date"].params == {"column": "ordered_at", "min": "7d", "max": "45d"}


SUMS = """
CREATE TABLE products (id int PRIMARY KEY, name text NOT NULL, unit_price numeric(10,2) NOT NULL);
CREATE TABLE order_items (id int PRIMARY KEY, product_id int NOT NULL REFERENCES products(id), quantity int NOT NULL, unit_price numeric(10,2) NOT NULL, amount numeric(12,2) NOT NULL);
CREATE TABLE orders (id int PRIMARY KEY, subtotal numeric(10,2) NOT NULL, shipping numeric(10,2) NOT NULL, discount numeric(10,2) NOT NULL, tax numeric(10,2) NOT NULL, total numeric(10,2) NOT NULL);
CREATE TABLE calls (id int PRIMARY KEY, started_at timestamp NOT NULL, ended_at timestamp NOT NULL, duration_seconds int NOT NULL);
CREATE TABLE stays (id int PRIMARY KEY, admitted_at timestamp NOT NULL, discharged_at timestamp, length_of_stay int);
CREATE TABLE jobs (id int PRIMARY KEY, created_at bigint NOT NULL, started_at bigint NOT NULL, ended_at bigint NOT NULL);
CREATE TABLE parcels (id int PRIMARY KEY, created_at int NOT NULL, shipped_at int NOT NULL, delivered_at int NOT NULL);
CREATE TABLE trips (id int PRIMARY KEY, start_odometer int NOT NULL, end_odometer int NOT NULL, min_temp double precision NOT NULL, avg_temp double precision NOT NULL, max_temp double precision NOT NULL);
"""
UNEQUAL = [
    "order_items i JOIN products p ON p.id = i.product_id WHERE i.unit_price <> p.unit_price OR amount <> quantity * i.unit_price",
    "orders WHERE total <> subtotal + shipping - discount + tax OR discount > subtotal OR discount < 0",
    "calls WHERE duration_seconds <> epoch(ended_at) - epoch(started_at)",
    "stays WHERE length_of_stay <> floor((epoch(discharged_at) - epoch(admitted_at)) / 86400)",
    "jobs WHERE started_at < created_at OR ended_at < started_at",
    "parcels WHERE shipped_at < created_at OR delivered_at < shipped_at",
    "trips WHERE end_odometer < start_odometer OR avg_temp < min_temp OR avg_temp > max_temp",
]


def test_sums_and_copies_agree(tmp_path: Path) -> None:
    (tmp_path / "schema.sql").write_text(SUMS, encoding="utf-8")
    target = tmp_path / "out.duckdb"
    sdgen.write(str(tmp_path / "schema.sql"), to=str(target), rows=2000, seed=5, as_of=AS_OF)
    with duckdb.connect(str(target), read_only=True) as connection:
        for condition in UNEQUAL:
            assert connection.sql(f"SELECT count(*) FROM {condition}").fetchall() == [(0,)], condition
        assert connection.sql("SELECT count(*) > 200 FROM orders WHERE discount > 0").fetchall() == [(True,)]


def test_starts_and_ends_that_are_texts_have_no_distance() -> None:
    columns = {"started_at": "string(20)", "ended_at": "string(20)", "duration_seconds": "int"}
    assert specs("calls", calls=entity(**columns))["duration_seconds"].type != "expression"


def test_waits_keep_between_the_bounds_of_other_columns() -> None:
    columns = {
        "opened": {"type": "timestamp", "nullable": True, "null_rate": 0.5, "generator": "datetime"},
        "least": {"type": "timestamp", "generator": "datetime", "params": {"start": "-90d", "end": "-60d"}},
        "most": {"type": "timestamp", "generator": "datetime", "params": {"start": "-50d", "end": "-40d"}},
        "closed": {
            "type": "timestamp",
            "generator": "after",
            "params": {"column": "opened", "max": "300d", "after": ["least"], "before": ["most"]},
        },
    }
    scenario = read_mapping({"name": "s", "entities": {"doors": {"rows": 500, "columns": columns}}})
    for row in sdgen.generate(scenario, seed=1, as_of=AS_OF)["doors"].to_pylist():
        assert row["closed"] >= row["least"]
        assert row["closed"] <= max(row["most"], row["opened"] or row["most"])
        assert row["opened"] is None or row["closed"] >= row["opened"]


def test_what_is_above_a_number_below_zero() -> None:
    columns = {
        "low": {"type": "double", "generator": "uniform_float", "params": {"min": -20, "max": -1}},
        "high": {"type": "double", "generator": "above", "params": {"column": "low", "max": 2, "times": True}},
    }
    scenario = read_mapping({"name": "s", "entities": {"days": {"rows": 200, "columns": columns}}})
    assert all(row["high"] >= row["low"] for row in sdgen.generate(scenario, seed=1)["days"].to_pylist())


CHAIN = """
CREATE TABLE projects (id bigint PRIMARY KEY, created_at timestamp NOT NULL, started_at timestamp, ended_at timestamp);
CREATE TABLE phases (id bigint PRIMARY KEY, created_at timestamp NOT NULL, started_at timestamp, ended_at timestamp,
  project_id bigint NOT NULL REFERENCES projects (id));
CREATE TABLE steps (id bigint PRIMARY KEY, created_at timestamp NOT NULL, started_at timestamp, ended_at timestamp,
  phase_id bigint REFERENCES phases (id), project_id bigint NOT NULL REFERENCES projects (id));
CREATE TABLE jobs (id bigint PRIMARY KEY, created_at timestamp NOT NULL, started_at timestamp, ended_at timestamp,
  step_id bigint NOT NULL REFERENCES steps (id), phase_id bigint NOT NULL REFERENCES phases (id));
CREATE TABLE outputs (id bigint PRIMARY KEY, created_at timestamp NOT NULL, job_id bigint NOT NULL REFERENCES jobs (id),
  step_id bigint NOT NULL REFERENCES steps (id));
"""


def test_periods_within_periods_of_two_parents_leave_room_for_all() -> None:
    tables = sdgen.generate(read_text_as_scenario(CHAIN, "chain.sql"), rows=300, seed=2, as_of=AS_OF)
    connection = duckdb.connect()
    for name, table in tables.items():
        connection.register(name, table)
    for child, parent in (("phases", "project"), ("steps", "project"), ("jobs", "step"), ("outputs", "job")):
        early = f"{child} c JOIN {parent}s p ON p.id = c.{parent}_id WHERE c.created_at < p.created_at"
        assert connection.execute(f"SELECT count(*) FROM {early}").fetchall() == [(0,)]


# A day in a key is drawn from one range, so that campaigns begin before it; what happens within them must not.
CAMPAIGNS = """
CREATE TABLE campaigns (id bigint PRIMARY KEY, start_date timestamp NOT NULL, end_date timestamp NOT NULL);
CREATE TABLE clicks (id bigint PRIMARY KEY, campaign_id bigint NOT NULL REFERENCES campaigns, occurred_at timestamp NOT NULL);
CREATE TABLE daily_spend (campaign_id bigint REFERENCES campaigns, day date, spend numeric(9,2) NOT NULL, PRIMARY KEY (campaign_id, day));
"""


def test_what_lies_in_periods_that_are_moved_back_moves_with_them() -> None:
    tables = sdgen.generate(read_text_as_scenario(CAMPAIGNS, "campaigns.sql"), rows=400, seed=2, as_of=AS_OF)
    connection = duckdb.connect()
    for name, table in tables.items():
        connection.register(name, table)
    of_clicks = "SELECT {} FROM clicks c JOIN campaigns p ON p.id = c.campaign_id"
    outside = of_clicks.format("count(*) FILTER (occurred_at NOT BETWEEN start_date AND end_date)")
    assert connection.execute(outside).fetchall() == [(0,)]
    (different,) = connection.execute(of_clicks.format("count(DISTINCT occurred_at)")).fetchall()
    assert different[0] > 390


def test_a_moment_computed_from_a_column_that_is_not_there_is_told() -> None:
    created = {"type": "timestamp", "generator": "expression", "params": {"sql": "missing_col + interval 1 day"}}
    users = {
        "id": {"generator": "sequence", "primary_key": True},
        "created_at": created,
        "updated_at": {"type": "timestamp"},
    }
    orders = {
        "id": {"generator": "sequence", "primary_key": True},
        "user_id": {"generator": "fk", "params": {"entity": "users", "column": "id"}},
        "ordered_at": {"type": "timestamp"},
    }
    entities = {"users": {"rows": 3, "columns": users}, "orders": {"rows": 5, "columns": orders}}
    with pytest.raises(sdgen.SdgenError, match="missing_col"):
        sdgen.plan({"name": "shop", "seed": 1, "entities": entities})
