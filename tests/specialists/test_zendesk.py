"""What the head of a help desk asks: who waits how long, when tickets come, what is written, and who is content."""

from __future__ import annotations

import itertools

import duckdb
import pytest

from tests.specialists.rows import connection, one

Rows = duckdb.DuckDBPyConnection

TICKETS = """
    select t.*, m.replies, m.reopens, m.solved_at, m.reply_time_in_minutes.calendar as reply,
        m.reply_time_in_minutes.business as reply_at_work, m.full_resolution_time_in_minutes.calendar as full_minutes,
        t.created_at at time zone 'America/New_York' as local
    from tickets t join ticket_metrics m on m.ticket_id = t.id
"""
COMMENTS = """
    select c.*, t.requester_id, t.subject, t.description, c.author_id = t.requester_id as asked,
        row_number() over w as place, count(*) over (partition by c.ticket_id) as comments,
        lag(c.author_id = t.requester_id) over w as asked_before
    from ticket_comments c join tickets t on t.id = c.ticket_id
    window w as (partition by c.ticket_id order by c.created_at)
"""


@pytest.fixture(params=[None, 1, 77], ids=["its own seed", "seed 1", "seed 77"])
def rows(request: pytest.FixtureRequest) -> Rows:
    opened = connection("zendesk", request.param)
    opened.execute(f"create or replace temp view seen as {TICKETS}")
    opened.execute(f"create or replace temp view said as {COMMENTS}")
    return opened


def by_priority(rows: Rows, value: str) -> list[float]:
    """A figure of urgent, high, normal and low tickets."""
    found = dict(rows.execute(f"select priority, {value} from seen group by 1").fetchall())
    return [found[priority] for priority in ("urgent", "high", "normal", "low")]


@pytest.mark.parametrize("value", ["median(reply)", "median(reply_at_work)", "quantile_cont(reply, 0.9)"])
def test_the_more_urgent_the_sooner_the_reply(rows: Rows, value: str) -> None:
    figures = by_priority(rows, value)
    assert figures == sorted(figures)
    assert figures[0] < figures[2] / 2
    assert by_priority(rows, "median(reply)")[0] < 60


def test_urgent_tickets_are_solved_sooner(rows: Rows) -> None:
    figures = by_priority(rows, "median(full_minutes)")
    assert figures == sorted(figures)
    assert figures[0] < figures[3] / 4


def test_few_tickets_are_urgent_and_problems_oftener_than_questions(rows: Rows) -> None:
    urgent, high, normal, _ = by_priority(rows, "count(*)")
    assert urgent < high < normal
    sql = "select type, avg((priority in ('urgent', 'high'))::int) from seen where type is not null group by 1"
    share = dict(rows.execute(sql).fetchall())
    assert share["problem"] > share["incident"] > share["question"]


def test_tickets_come_on_working_days_and_most_on_mondays(rows: Rows) -> None:
    days = dict(rows.execute("select isodow(local), count(*) from seen group by 1").fetchall())
    assert days[1] == max(days.values())
    assert days[6] + days[7] < 0.15 * sum(days.values())
    hours = dict(rows.execute("select hour(local), count(*) from seen group by 1").fetchall())
    assert sum(hours.get(hour, 0) for hour in range(8, 18)) > 0.65 * sum(hours.values())
    assert sum(hours.get(hour, 0) for hour in range(5)) < 0.06 * sum(hours.values())


def test_tickets_grow_without_a_heap_at_the_end(rows: Rows) -> None:
    sql = "select year(created_at), count(*) from tickets where created_at >= '2024-01-02' group by 1 order by 1"
    first, second = (count for _, count in rows.execute(sql).fetchall())
    assert 1.15 < second / first < 1.8
    last = (
        "select count(*) filter (created_at >= '2025-12-01') / count(*) from tickets where created_at >= '2025-01-01'"
    )
    assert 0.04 < one(rows, last) < 0.14


def test_agents_answer_in_their_hours(rows: Rows) -> None:
    sql = """select avg((isodow(local) > 5)::int), avg((hour(local) between 8 and 18)::int) from
        (select created_at at time zone 'America/New_York' as local from said where not asked)"""
    found = rows.execute(sql).fetchone()
    assert found is not None
    assert found[0] < 0.15
    assert found[1] > 0.6


def test_old_tickets_are_closed_and_open_ones_are_recent(rows: Rows) -> None:
    old = "created_at < '2025-11-15'"
    assert one(rows, f"select avg((status = 'closed')::int) from seen where {old}") > 0.97
    assert one(rows, f"select count(*) from seen where status = 'new' and {old}") == 0
    assert one(rows, "select count(*) from seen where (solved_at is null) = (status in ('solved', 'closed'))") == 0


def test_some_tickets_are_reopened(rows: Rows) -> None:
    assert 0.03 < one(rows, "select avg((reopens > 0)::int) from seen where solved_at is not null") < 0.12
    sql = "select count(*) from seen where list_contains(tags, 'reopened') <> (reopens > 0)"
    assert one(rows, sql) == 0
    # A ticket that came back has its requester's word after an agent's solution.
    sql = "select count(*) from seen t where reopens > 0 and (select count(*) from said c where c.ticket_id = t.id and asked) < 2"
    assert one(rows, sql) == 0


def test_who_waited_long_is_less_content(rows: Rows) -> None:
    sql = """
        select case when full_minutes <= 1440 then 0 when full_minutes <= 5760 then 1 else 2 end, avg((r.score = 'bad')::int)
        from satisfaction_ratings r join seen t on t.id = r.ticket_id group by 1 order by 1
    """
    quick, slow, slower = (share for _, share in rows.execute(sql).fetchall())
    assert quick < slow < slower
    assert slower > 0.2
    assert 0.1 < one(rows, "select avg((score = 'bad')::int) from satisfaction_ratings") < 0.25
    sql = """select count(*) from satisfaction_ratings r join seen t on t.id = r.ticket_id
        where (r.comment like '%within the hour%' and full_minutes >= 60) or (r.comment like '%too long%' and full_minutes < 1440)"""
    assert one(rows, sql) == 0


def test_a_quarter_of_those_who_got_a_solution_rate_it(rows: Rows) -> None:
    share = "select (select count(*) from satisfaction_ratings) / count(*) from seen where solved_at is not null"
    assert 0.22 < one(rows, share) < 0.32


def test_requester_and_agent_write_in_turns(rows: Rows) -> None:
    assert one(rows, "select count(*) from said where place = 1 and (not asked or body <> description)") == 0
    assert one(rows, "select count(*) from said where place = 2 and (asked or not public)") == 0
    assert one(rows, "select avg((asked <> asked_before)::int) from said where place > 1") > 0.75
    assert one(rows, "select count(*) from said where asked and asked_before") == 0
    assert one(rows, "select count(*) from said where not public and asked") == 0


def test_the_last_word_fits_the_state(rows: Rows) -> None:
    sql = """select count(*) from said c join tickets t on t.id = c.ticket_id where place = comments and
        (status in ('solved', 'closed', 'pending', 'hold') and asked or status = 'new' and comments > 1)"""
    assert one(rows, sql) == 0
    closing = "body like '%setting the ticket to solved%' or body like '%opens this ticket again%'"
    sql = f"select count(*) from said c join seen t on t.id = c.ticket_id where place = comments and ({closing}) and t.solved_at is null"
    assert one(rows, sql) == 0
    assert one(rows, f"select count(*) from said where place = 1 and ({closing})") == 0


def test_solutions_speak_of_their_subject(rows: Rows) -> None:
    """What a solution names, a word of four digits or an end point, is what the ticket was about."""
    sql = """
        select count(*) from said c where not asked and regexp_matches(body, '/v2/[a-z_]+')
            and not contains(description, regexp_extract(body, '/v2/[a-z_]+'))
    """
    assert one(rows, sql) == 0
    refunds = "select count(*) from said where not asked and body like '%has been refunded%' and subject not like 'Charged twice%'"
    assert one(rows, refunds) == 0
    bodies = "select body, count(distinct split_part(subject, ' ', 1)) n from said where not asked and comments = 2 and place = 2"
    assert one(rows, f"select max(n) from ({bodies} group by 1)") <= 2


def test_answers_differ(rows: Rows) -> None:
    assert one(rows, "select count(distinct subject) from tickets") > 120
    assert one(rows, "select max(n) / sum(n) from (select count(*) n from said where not asked group by body)") < 0.01


def test_a_few_organizations_have_most_tickets(rows: Rows) -> None:
    counts = (
        "select count(t.id) as n from organizations o left join tickets t on t.organization_id = o.id group by o.id"
    )
    assert one(rows, f"select var_samp(n) / avg(n) from ({counts})") > 10
    top = f"select sum(n) filter (place <= 32) / sum(n) from (select n, row_number() over (order by n desc) as place from ({counts}))"
    assert 0.5 < one(rows, top) < 0.85
    per_plan = """select avg(n) from (select o.organization_fields->>'plan' as plan, count(t.id) as n from organizations o
        left join tickets t on t.organization_id = o.id group by o.id, plan) where plan"""
    assert one(rows, f"{per_plan} in ('business', 'enterprise')") > one(rows, f"{per_plan} in ('starter', 'team')")


def test_times_add_up(rows: Rows) -> None:
    sql = """
        select count(*) from ticket_metrics where requester_wait_time_in_minutes.calendar + agent_wait_time_in_minutes.calendar
            - coalesce(full_resolution_time_in_minutes.calendar, requester_wait_time_in_minutes.calendar
            + agent_wait_time_in_minutes.calendar) not between 0 and 1
            or on_hold_time_in_minutes.calendar > requester_wait_time_in_minutes.calendar
            or least(on_hold_time_in_minutes.business, agent_wait_time_in_minutes.business, requester_wait_time_in_minutes.business) < 0
            or full_resolution_time_in_minutes.business > full_resolution_time_in_minutes.calendar + 1
    """
    assert one(rows, sql) == 0
    shares = "select median(reply_at_work / reply) from seen where reply > 1440"
    assert 0.05 < one(rows, shares) < 0.45


def test_ids_and_times_rise_together(rows: Rows) -> None:
    moments = [at for (at,) in rows.execute("select created_at from tickets order by id").fetchall()]
    assert all(before <= after for before, after in itertools.pairwise(moments))
    users = "select count(*) from users u join tickets t on t.requester_id = u.id where u.created_at > t.created_at"
    assert one(rows, users) == 0
    assert one(rows, "select count(distinct year(created_at)) from users") >= 3


@pytest.mark.parametrize("channel", ["chat", "voice"])
def test_who_calls_or_chats_is_answered_at_once(rows: Rows, channel: str) -> None:
    sql = "select median(reply_at_work) from seen where via.channel = '{}'"
    assert one(rows, sql.format(channel)) < 15
    assert one(rows, sql.format("email")) > 45


def test_replies_are_slower_when_there_is_more_to_do(rows: Rows) -> None:
    """Mondays bring most; e-mails of normal priority wait longer then, and miss eight hours more often."""
    waits = (
        "select {} from seen where via.channel in ('email', 'web', 'api') and priority = 'normal' and isodow(local) {}"
    )
    for figure in ("median(reply_at_work)", "avg((reply_at_work > 480)::int)"):
        assert one(rows, waits.format(figure, "= 1")) > 1.3 * one(rows, waits.format(figure, "between 2 and 4"))


def test_agents_have_work_and_share_it(rows: Rows) -> None:
    per = "select assignee_id, count(*) as n from tickets where assignee_id is not null group by 1"
    agents, least, most = rows.execute(f"select count(*), min(n), max(n) from ({per})").fetchone() or ()
    assert agents < 25
    assert least > 60
    assert most < 3 * least


def test_many_are_solved_by_the_first_answer(rows: Rows) -> None:
    assert 0.35 < one(rows, "select avg((replies = 1)::int) from seen where solved_at is not null") < 0.65
    counts = "select count(*) as n from ticket_comments group by ticket_id"
    assert one(rows, f"select max(n) / median(n) from ({counts})") > 3.5


def test_notes_are_the_agents_own(rows: Rows) -> None:
    assert 0.04 < one(rows, "select avg((not public)::int) from said") < 0.25
    assert one(rows, "select count(*) from said where not public and body like 'Hi %'") == 0


def test_reopened_tickets_are_rated_worse(rows: Rows) -> None:
    sql = "select avg((r.score = 'bad')::int) from satisfaction_ratings r join seen t on t.id = r.ticket_id where reopens {} 0"
    assert one(rows, sql.format(">")) > 1.4 * one(rows, sql.format("="))


def test_subjects_are_peoples_own_and_texts_are_signed(rows: Rows) -> None:
    assert one(rows, "select count(distinct subject) / count(*) from tickets") > 0.9
    signed = "select avg(contains(t.description, u.name)::int) from tickets t join users u on u.id = t.requester_id where via.channel {} 'chat'"
    assert one(rows, signed.format("<>")) == 1
    assert one(rows, signed.format("=")) < 0.1


def test_what_is_waited_for_is_urged_and_updated(rows: Rows) -> None:
    held = "select avg((m.on_hold_time_in_minutes.calendar > 0)::int) from ticket_metrics m join tickets t on t.id = m.ticket_id where t.priority {}"
    assert 0.15 < one(rows, held.format("is not null")) < 0.5
    assert (
        one(
            rows,
            "select median(comments) from said where ticket_id in (select ticket_id from ticket_metrics where on_hold_time_in_minutes.calendar > 0)",
        )
        >= 4
    )


def test_the_backlog_is_small_and_mostly_waits_for_others(rows: Rows) -> None:
    assert one(rows, "select avg((status not in ('solved', 'closed'))::int) from tickets") < 0.05
    waiting = "select avg((status in ('pending', 'hold'))::int) from tickets where status not in ('solved', 'closed')"
    assert one(rows, waiting) > 0.4


def test_kinds_of_plans_pay_for_attention(rows: Rows) -> None:
    per = "select o.organization_fields->>'plan' as plan, count(t.id) / count(distinct o.id) as n from organizations o left join tickets t on t.organization_id = o.id group by 1"
    found = dict(rows.execute(per).fetchall())
    assert found["enterprise"] > found["starter"]


BY_TICKET = "tickets t join ticket_metrics m on m.ticket_id = t.id"


def test_first_contact_resolution_is_a_third_or_so(rows: Rows) -> None:
    assert (
        0.3
        < one(
            rows,
            f"select avg((replies = 1 and reopens = 0)::int) from {BY_TICKET} where status in ('solved', 'closed')",
        )
        < 0.6
    )


def test_business_minutes_are_fewer_than_those_of_the_calendar(rows: Rows) -> None:
    for kind in ("reply_time", "first_resolution_time", "full_resolution_time", "on_hold_time", "agent_wait_time"):
        column = f"{kind}_in_minutes"
        assert one(rows, f"select count(*) from ticket_metrics where {column}.business > {column}.calendar + 1") == 0


def test_nobody_is_older_than_the_company_and_requesters_exist_first(rows: Rows) -> None:
    assert (
        one(
            rows,
            "select count(*) from tickets t join users u on u.id = t.requester_id where u.created_at > t.created_at",
        )
        == 0
    )
    assert (
        one(
            rows,
            "select count(*) from users u join organizations o on o.id = u.organization_id where u.created_at < o.created_at",
        )
        == 0
    )


def test_agents_are_few_and_each_group_has_work(rows: Rows) -> None:
    assert 5 <= one(rows, "select count(*) from users where role <> 'end-user'") <= 20
    groups = dict(
        rows.execute("select g.name, count(*) from tickets t join groups g on g.id = t.group_id group by 1").fetchall()
    )
    assert groups["Support"] > groups["Technical"] > groups["Billing"] > 300


def test_the_topic_of_a_ticket_fits_its_group(rows: Rows) -> None:
    fits = {"Billing": "invoice", "Technical": "api", "Support": "how_to"}
    for group, tag in fits.items():
        assert (
            one(
                rows,
                f"select count(*) from tickets t join groups g on g.id = t.group_id where list_contains(tags, '{tag}') and g.name <> '{group}'",
            )
            == 0
        )


def test_tasks_are_due_and_nothing_else(rows: Rows) -> None:
    assert (
        one(rows, "select count(*) from tickets where (type = 'task') <> (due_at is not null) and type is not null")
        == 0
    )


def test_comments_are_in_order_and_the_first_is_the_ticket(rows: Rows) -> None:
    first = "select ticket_id, arg_min(body, created_at) as body, min(created_at) as at from ticket_comments group by 1"
    assert (
        one(
            rows,
            f"select count(*) from ({first}) f join tickets t on t.id = f.ticket_id where f.body <> t.description or f.at <> t.created_at",
        )
        == 0
    )


def test_greetings_name_the_requester(rows: Rows) -> None:
    sql = """select avg(starts_with(c.body, 'Hi ' || split_part(u.name, ' ', 1) || ',')::int) from ticket_comments c join tickets t on t.id = c.ticket_id
        join users u on u.id = t.requester_id where starts_with(c.body, 'Hi ') and c.author_id <> t.requester_id and c.public"""
    assert one(rows, sql) > 0.95


def test_weekends_are_quiet_for_the_desk(rows: Rows) -> None:
    sql = "select avg((isodow(c.created_at - interval 5 hours) > 5)::int) from ticket_comments c join users u on u.id = c.author_id where u.role <> 'end-user'"
    assert one(rows, sql) < 0.1


def test_bad_ratings_say_why(rows: Rows) -> None:
    assert one(rows, "select count(*) from satisfaction_ratings where (score = 'bad') <> (reason is not null)") == 0
    assert 0.75 < one(rows, "select avg((score = 'good')::int) from satisfaction_ratings") < 0.95
