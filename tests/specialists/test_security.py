"""What a security team asks of its log first: hours, failures before a success, journeys, severities, times to acknowledge."""

from __future__ import annotations

import duckdb
import pytest

from tests.specialists.rows import connection, one

Rows = duckdb.DuckDBPyConnection
ATTACK = "(title in ('Sign-in after many failures', 'Many failed sign-ins'))"


@pytest.fixture(params=[None, 1, 77], ids=["its own seed", "seed 1", "seed 77"])
def rows(request: pytest.FixtureRequest) -> Rows:
    return connection("security_events", request.param)


def test_people_sign_in_at_work_and_attackers_at_any_hour(rows: Rows) -> None:
    of = "select avg((isodow(started_at) < 6 and hour(started_at) between 7 and 18)::int) from sign_ins s left join findings f on f.sign_in_id = s.id where {}"
    assert one(rows, of.format("f.id is null")) > 0.85
    assert 0.2 < one(rows, of.format(ATTACK)) < 0.75
    per_user = "select count(*) as n from sign_ins group by user_id"
    assert one(rows, f"select var_samp(n) / avg(n) from ({per_user})") > 3


def test_failures_come_before_the_success(rows: Rows) -> None:
    sql = """
        select count(*) from (select status, lead(status) over (partition by sign_in_id order by number) as next, logged_at,
            lag(logged_at) over (partition by sign_in_id order by number) as before from logins) where status = 'success' and next is not null or logged_at <= before
    """
    assert one(rows, sql) == 0
    sql = "select count(*) from sign_ins s join (select sign_in_id, count(*) n, bool_or(status = 'success') as came from logins group by 1) l on l.sign_in_id = s.id where n <> attempts or came <> succeeded"
    assert one(rows, sql) == 0
    counts = dict(
        rows.execute(
            "select attempts, count(*) from sign_ins s left join findings f on f.sign_in_id = s.id where f.id is null group by 1"
        ).fetchall()
    )
    assert counts[1] > 5 * counts[2] > 5 * counts[3]


def test_bursts_of_failures_are_few_and_many_failures_are_theirs(rows: Rows) -> None:
    attacks = f"select sign_in_id from findings where {ATTACK}"
    assert 0.005 < one(rows, f"select count(*) / (select count(*) from sign_ins) from ({attacks})") < 0.025
    assert 0.3 < one(rows, f"select avg((sign_in_id in ({attacks}))::int) from logins where status = 'failure'") < 0.85
    pauses = "select sign_in_id in ({}) as attack, epoch(logged_at - lag(logged_at) over (partition by sign_in_id order by number)) as pause from logins"
    assert one(rows, f"select median(pause) from ({pauses.format(attacks)}) where attack") < 0.6 * one(
        rows, f"select median(pause) from ({pauses.format(attacks)}) where not attack"
    )


def test_sign_ins_from_abroad_are_rare(rows: Rows) -> None:
    sql = """
        select avg((source_country <> before and started_at < ended + interval 2 hours)::int) from (select source_country, started_at,
            lag(source_country) over w as before, lag(started_at) over w as ended from sign_ins where succeeded window w as (partition by user_id order by started_at))
    """
    assert one(rows, sql) < 0.015
    abroad = "select avg((source_country <> u.country)::int) from sign_ins s join users u on u.id = user_id where {}"
    assert 0.002 < one(rows, abroad.format("succeeded")) < 0.03
    assert one(rows, abroad.format(f"s.id in (select sign_in_id from findings where {ATTACK})")) > 0.7


def test_people_use_their_own_devices_and_attackers_none(rows: Rows) -> None:
    assert (
        one(rows, "select count(*) from sign_ins s join devices d on d.id = device_id where d.user_id <> s.user_id")
        == 0
    )
    assert (
        one(
            rows,
            f"select count(*) from sign_ins s left join findings f on f.sign_in_id = s.id where (device_id is null) <> coalesce({ATTACK}, false)",
        )
        == 0
    )
    assert (
        one(
            rows,
            "select count(*) from sign_ins s join users u on u.id = user_id where started_at < created_on or started_at >= '2026-01-01'",
        )
        == 0
    )


def test_severity_follows_from_what_happened(rows: Rows) -> None:
    sql = f"""
        select count(*) from findings f join sign_ins s on s.id = sign_in_id join users u on u.id = user_id where severity <> case when {ATTACK} and succeeded
            and is_privileged then 'critical' when {ATTACK} and succeeded then 'high' when {ATTACK} then 'medium' else 'low' end
    """
    assert one(rows, sql) == 0
    counts = dict(rows.execute("select severity, count(*) from findings group by 1").fetchall())
    assert counts["low"] + counts["medium"] > 5 * (counts.get("critical", 0) + counts["high"])
    assert (
        one(rows, "select count(*) from findings f join sign_ins s on s.id = sign_in_id where raised_at < started_at")
        == 0
    )


def test_the_severe_is_seen_to_sooner(rows: Rows) -> None:
    wait = "select median(date_diff('second', raised_at, acknowledged_at)) from findings where severity in {}"
    severe, medium, low = (one(rows, wait.format(which)) for which in ("('critical', 'high')", "('medium')", "('low')"))
    assert severe < medium / 2 < low / 4
    sql = "select count(*) from findings where acknowledged_at < raised_at or resolved_at < acknowledged_at or (status = 'resolved') <> (resolved_at is not null) or (status = 'new') <> (acknowledged_at is null)"
    assert one(rows, sql) == 0
    false = "select avg((status = 'false positive')::int) from findings where severity {}"
    assert one(rows, false.format("= 'low'")) > 0.2 + one(rows, false.format("<> 'low'"))


def test_processes_fit_their_system(rows: Rows) -> None:
    of = "from process_events p join devices d on d.id = device_id"
    assert (
        one(
            rows,
            f"select count(*) {of} where (name like '%.exe') <> (os = 'Windows 11') or (parent_name like '%.exe') <> (os = 'Windows 11')",
        )
        == 0
    )
    assert 0 < one(rows, "select avg(is_suspicious::int) from process_events") < 0.01
    assert one(rows, "select count(*) from process_events where (severity = 'high') <> is_suspicious") == 0
    assert (
        one(rows, f"select count(*) {of} where is_suspicious and os = 'Windows 11' and parent_name <> 'winword.exe'")
        == 0
    )
    assert (
        one(
            rows,
            "select count(*) from (select started_at, lag(started_at) over (partition by device_id order by id) as before from process_events) where started_at < before",
        )
        == 0
    )


def test_traffic_by_port(rows: Rows) -> None:
    assert (
        one(
            rows,
            "select count(*) from network_events where (protocol = 'udp') <> (destination_port = 53) or (action = 'blocked') <> (destination_port in (445, 3389, 4444))",
        )
        == 0
    )
    assert one(rows, "select avg((destination_port = 443)::int) from network_events") > 0.6
    size = "select median(bytes_in) from network_events where destination_port = {}"
    assert one(rows, size.format(443)) > 20 * one(rows, size.format(53))
    assert one(rows, "select corr(ln(bytes_in), ln(bytes_out)) from network_events") > 0.7
    assert one(rows, "select avg((isodow(observed_at) > 5)::int) from network_events") < 0.1


def test_a_few_users_and_devices_do_most_and_what_is_odd_is_unsigned(rows: Rows) -> None:
    shares = "select n, percent_rank() over (order by n) as place from (select count(*) as n from {} group by {})"
    for table, key in (("sign_ins", "user_id"), ("network_events", "device_id"), ("process_events", "device_id")):
        counted = shares.format(table, key)
        assert one(rows, f"select sum(n) filter (place >= 0.9) / sum(n) from ({counted})") > 0.2
    assert one(rows, "select count(*) from process_events where is_suspicious and signed_by is not null") == 0
    assert (
        one(
            rows,
            "select avg((signed_by is not null)::int) from process_events join devices d on d.id = device_id where os = 'Windows 11'",
        )
        > 0.8
    )
    assert (
        one(rows, "select count(*) from network_events where server_name is not null and destination_port <> 443") == 0
    )


def test_people_come_from_few_addresses_and_attackers_from_many(rows: Rows) -> None:
    own = "select count(distinct source_ip) as n from sign_ins where device_id is not null and source_country = 'US' group by user_id having count(*) > 20"
    assert one(rows, f"select median(n) from ({own})") <= 4
    shared = "select count(distinct user_id) as n from sign_ins where device_id is not null group by source_ip order by n desc limit 3"
    assert one(rows, f"select min(n) from ({shared})") >= 5
    assert one(rows, "select count(distinct source_ip) / count(*) from sign_ins where device_id is null") > 0.8
    assert one(rows, "select avg((isodow(started_at) > 5)::int) from sign_ins where device_id is null") > 0.1


def test_a_program_is_one_file_and_names_come_from_few_resolvers(rows: Rows) -> None:
    assert one(rows, "select max(n) from (select count(distinct sha256) as n from process_events group by name)") == 1
    assert one(rows, "select count(distinct name) - count(distinct sha256) from process_events") == 0
    assert one(rows, "select count(distinct destination_ip) from network_events where destination_port = 53") <= 3
    servers = "select count(*) as n from network_events where server_name is not null group by server_name"
    assert one(rows, f"select max(n) / sum(n) from ({servers})") > 0.05


def test_what_is_blocked_brings_no_more_than_a_reset(rows: Rows) -> None:
    assert one(rows, "select max(bytes_in) from network_events where action = 'blocked'") <= 60  # a reset
    assert one(rows, "select min(bytes_in) from network_events where action = 'allowed'") >= 40
    assert one(rows, "select count(*) from network_events where (destination_port = 53) <> (protocol = 'udp')") == 0


def test_findings_come_after_what_they_found_and_few_people_have_many(rows: Rows) -> None:
    assert (
        one(rows, "select count(*) from findings join sign_ins s on s.id = sign_in_id where raised_at < started_at")
        == 0
    )
    by_user = "select count(*) n from findings join sign_ins s on s.id = sign_in_id group by user_id"
    assert one(rows, f"select max(n) / avg(n) from ({by_user})") > 3
    assert (
        one(rows, "select count(*) from sign_ins join users u on u.id = user_id where started_at::date < created_on")
        == 0
    )
    levels = dict(rows.execute("select severity, count(*) from findings group by 1").fetchall())
    assert levels["low"] > levels["medium"] > levels["high"] > levels.get("critical", 0)
