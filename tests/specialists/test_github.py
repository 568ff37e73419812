"""What who leads developers asks: how large changes are, how long they wait, who makes them, when, and what they are called."""

from __future__ import annotations

import duckdb
import pytest

from tests.specialists.rows import connection, one

Rows = duckdb.DuckDBPyConnection

PULLS = """
    select p.*, additions + deletions as lines, epoch(merged_at - created_at) / 3600 as hours,
        (select count(*) from reviews r where r.pull_request_id = p.id) as reviewed
    from pull_requests p
"""
LOCAL = "at time zone 'America/New_York'"


@pytest.fixture(params=[None, 1, 77], ids=["its own seed", "seed 1", "seed 77"])
def rows(request: pytest.FixtureRequest) -> Rows:
    opened = connection("github", request.param)
    opened.execute(f"create or replace temp view pulls as {PULLS}")
    return opened


def by_size(rows: Rows, value: str) -> list[float]:
    """A figure of pull requests of fewer than 20 lines, 100, 400, and more."""
    size = "case when lines < 20 then 0 when lines < 100 then 1 when lines < 400 then 2 else 3 end"
    return [figure for _, figure in rows.execute(f"select {size}, {value} from pulls group by 1 order by 1").fetchall()]


def test_additions_and_deletions_rise_together(rows: Rows) -> None:
    assert one(rows, "select corr(additions, deletions) from pulls") > 0.3
    assert one(rows, "select corr(ln(1 + additions), ln(1 + deletions)) from pulls") > 0.7
    assert one(rows, "select corr(ln(1 + additions), ln(1 + deletions)) from commits") > 0.6
    assert one(rows, "select sum(additions) / sum(deletions) from pulls") > 1.5


def test_features_add_and_refactorings_replace(rows: Rows) -> None:
    sql = "select split_part(title, ':', 1), median(deletions / greatest(additions, 1)) from pulls where lines > 20 group by 1"
    share = dict(rows.execute(sql).fetchall())
    assert share["feat"] < share["fix"] < share["refactor"]
    assert share["refactor"] > 0.6


def test_sizes_are_heavy_tailed(rows: Rows) -> None:
    found = one(rows, "select quantile_cont(lines, [0.5, 0.9, 0.99]) from pulls")
    assert 15 < found[0] < 90
    assert found[1] > 5 * found[0]
    assert found[2] > 4 * found[1]
    tenth = "select sum(lines) filter (place <= 0.1) / sum(lines) from (select lines, percent_rank() over (order by lines desc) as place from pulls)"
    assert one(rows, tenth) > 0.5


@pytest.mark.parametrize(
    "value", ["median(hours)", "avg(reviewed)", "avg(review_comments)", "avg(commits)", "avg(changed_files)"]
)
def test_larger_ones_take_longer_and_more_is_said_of_them(rows: Rows, value: str) -> None:
    figures = by_size(rows, value)
    assert figures == sorted(figures)
    assert figures[3] > 1.6 * figures[0]


def test_larger_ones_are_merged_less_often(rows: Rows) -> None:
    small, *_, large = by_size(rows, "avg(merged::int)")
    assert small > large + 0.04
    assert 0.8 < one(rows, "select avg(merged::int) from pulls") < 0.95
    assert 0.3 < one(rows, "select corr(ln(1 + lines), ln(hours + 0.1)) from pulls where merged") < 0.75


def test_a_few_people_do_most(rows: Rows) -> None:
    counts = "select count(*) as n from pull_requests group by user_id"
    assert 0.1 < one(rows, f"select max(n) / sum(n) from ({counts})") < 0.35
    top = f"select sum(n) filter (place <= 13) / sum(n) from (select n, row_number() over (order by n desc) as place from ({counts}))"
    assert 0.55 < one(rows, top) < 0.92
    assert one(rows, f"select count(*) from ({counts})") > 45


def test_repositories_differ(rows: Rows) -> None:
    counts = "select count(*) as n from pull_requests group by repository"
    assert one(rows, f"select max(n) / median(n) from ({counts})") > 2
    assert one(rows, f"select max(n) / min(n) from ({counts})") > 5
    both = """select corr(ln(i.n), ln(p.n)) from (select repository, count(*) as n from issues group by 1) i
        join (select repository, count(*) as n from pull_requests group by 1) p using (repository)"""
    assert one(rows, both) > 0.4


def test_stars_are_heavy_tailed_and_bring_forks(rows: Rows) -> None:
    public = "from repositories where not private"
    assert one(rows, f"select max(stargazers_count) / median(stargazers_count) {public}") > 3
    assert one(rows, f"select count(*) {public} and forks_count > stargazers_count / 2") == 0
    assert one(rows, f"select corr(stargazers_count, forks_count) {public}") > 0.7
    assert one(rows, "select max(stargazers_count) from repositories where private") < 5


@pytest.mark.parametrize(
    "moment",
    [
        "pull_requests.created_at",
        "issues.created_at",
        "commits.created_at",
        "reviews.submitted_at",
        "pull_requests.merged_at",
    ],
)
def test_people_work_on_weekdays_by_day(rows: Rows, moment: str) -> None:
    table, column = moment.split(".")
    sql = f"select isodow({column} {LOCAL}) as day, hour({column} {LOCAL}) as hour from {table} where {column} is not null"
    days = dict(rows.execute(f"select day, count(*) from ({sql}) group by 1").fetchall())
    assert days[6] + days[7] < 0.06 * sum(days.values())
    assert min(days[day] for day in range(1, 6)) > 0.12 * sum(days.values())
    assert one(rows, f"select avg((hour between 8 and 19)::int) from ({sql})") > 0.8
    assert one(rows, f"select avg((hour < 6)::int) from ({sql})") < 0.04


def test_authors_keep_their_own_hours(rows: Rows) -> None:
    """Those in the west begin about three hours later than those in the east."""
    sql = f"""
        select median(hour) from (select author_id, count(*) as n, avg(hour(created_at {LOCAL})) as hour from commits group by 1
            having n >= 15) where hour {{}} (select avg(hour(created_at {LOCAL})) from commits)
    """
    assert one(rows, sql.format(">")) - one(rows, sql.format("<=")) > 0.7


def test_messages_speak_of_things_that_can_be_so(rows: Rows) -> None:
    """A connection belongs to a service, a keyboard to what is on a screen, midnight to a job."""
    screens = "'dashboard|settings page|date picker|navigation|offline banner|sign-in screen|button|modal|table|color palette|search box'"
    titles = "select title from pull_requests union all select title from issues"
    for word in ("keyboard", "flicker", "dark mode", "footer"):
        sql = f"select count(*) from ({titles}) where title like '%{word}%' and not regexp_matches(title, {screens})"
        assert one(rows, sql) == 0
        assert one(rows, f"select count(*) from ({titles}) where title like '%{word}%'") > 0
    nouns = "'type hints|date picker|button|modal|API reference|quick start|changelog|config file|ingress|palette'"
    for word in ("close connections", "race", "memory", "dry run", "midnight"):
        assert (
            one(rows, f"select count(*) from ({titles}) where title like '%{word}%' and regexp_matches(title, {nouns})")
            == 0
        )
    assert one(rows, f"select count(*) from ({titles}) where title like '%\\%%' escape '\\'") == 0


def test_a_commit_says_what_its_pull_request_is(rows: Rows) -> None:
    sql = """select count(*) from pull_requests p where not exists
        (from commits c where c.pull_request_id = p.id and c.commit.message = p.title)"""
    assert one(rows, sql) == 0
    sql = """select count(*) from commits c join pull_requests p on p.id = c.pull_request_id where c.commit.message like 'Add tests for the %'
        and not contains(p.title, replace(c.commit.message, 'Add tests for the ', ''))"""
    assert one(rows, sql) == 0
    assert one(rows, "select count(distinct title) from pull_requests") > 250


def test_what_is_merged_has_passed_the_checks(rows: Rows) -> None:
    last = "select arg_max(check_conclusion, c.created_at) as c, any_value(p.merged) as merged from commits c join pull_requests p on p.id = c.pull_request_id group by p.id"
    assert one(rows, f"select count(*) from ({last}) where merged and c <> 'success'") == 0
    assert 0.05 < one(rows, "select avg((check_conclusion = 'failure')::int) from commits") < 0.35
    sql = """select avg((check_conclusion = 'failure')::int) from commits c join pull_requests p on p.id = c.pull_request_id
        where not p.merged and c.additions {}"""
    assert one(rows, sql.format(">= 60")) > one(rows, sql.format("< 60"))


def test_urgent_issues_and_questions_close_sooner(rows: Rows) -> None:
    sql = "select median(closed_at - created_at) from issues where state = 'closed' and labels::varchar {}"
    urgent, others = one(rows, sql.format("like '%\"P1\"%'")), one(rows, sql.format("not like '%\"P1\"%'"))
    assert urgent < others / 2
    assert one(rows, sql.format("like '%question%'")) < one(rows, sql.format("like '%enhancement%'")) / 2


def test_comments_are_skewed_and_the_last_one_closes(rows: Rows) -> None:
    assert one(rows, "select var_samp(comments) / avg(comments) from issues") > 2
    sql = """select count(*) from comments c join issues i on i.id = c.issue_id where (c.body like 'Fixed on main%' and
        coalesce(i.state_reason, '') <> 'completed') or (c.body like 'Closing, as we won%' and coalesce(i.state_reason, '') <> 'not_planned')"""
    assert one(rows, sql) == 0


def test_reviews_agree_with_what_became_of_it(rows: Rows) -> None:
    sql = """select count(*) from reviews r join pull_requests p on p.id = r.pull_request_id
        where r.state = 'APPROVED' and not p.merged or r.body = 'LGTM' and r.state <> 'APPROVED'"""
    assert one(rows, sql) == 0
    assert one(rows, "select avg((reviewed > 0)::int) from pulls where merged and lines >= 400") > 0.6


def test_the_first_review_comes_within_a_day_or_so_and_later_for_large_ones(rows: Rows) -> None:
    rows.execute(
        "create or replace temp view first_reviews as select p.lines, epoch(min(r.submitted_at) - p.created_at) / 3600 as waited from pulls p join reviews r on r.pull_request_id = p.id group by p.id, p.lines, p.created_at"
    )
    small, large = (
        one(rows, f"select median(waited) from first_reviews where lines {size}") for size in ("< 100", ">= 400")
    )
    assert 0.2 < small < large < 90
    assert one(rows, "select median(waited) from first_reviews") < 24


def test_only_members_review(rows: Rows) -> None:
    assert one(rows, "select count(*) from reviews where author_association <> 'MEMBER'") == 0
    per = "select count(*) as n from reviews group by user_id"
    assert one(rows, f"select max(n) / median(n) from ({per})") > 2.5


def test_nobody_contributes_first_twice(rows: Rows) -> None:
    sql = "select count(*) from (select 1 from pull_requests where author_association = 'FIRST_TIME_CONTRIBUTOR' group by user_id, repository having count(*) > 1)"
    assert one(rows, sql) == 0


def test_asked_changes_mean_more_commits_and_fewer_merges(rows: Rows) -> None:
    asked = "(select 1 from reviews r where r.pull_request_id = p.id and r.state = 'CHANGES_REQUESTED')"
    sql = "select avg(commits), avg(merged::int) from pulls p where {} exists " + asked
    more, merged = rows.execute(sql.format("")).fetchone() or ()
    fewer, others = rows.execute(sql.format("not")).fetchone() or ()
    assert more > fewer
    assert merged < others


def test_bugs_are_most_and_open_ones_are_recent(rows: Rows) -> None:
    labels = dict(rows.execute("select labels->0->>'name', count(*) from issues group by 1").fetchall())
    assert labels["bug"] == max(labels.values())
    sql = "select avg((state = 'open')::int) from issues where created_at {} '2025-07-01'"
    assert one(rows, sql.format(">=")) > one(rows, sql.format("<"))


def test_titles_and_texts_speak_of_one_thing(rows: Rows) -> None:
    """Code that a title names stands in the text as well; hardly a title comes twice."""
    named = "regexp_extract(title, '`[^`]+`')"
    for table in ("issues", "pull_requests"):
        assert (
            one(rows, f"select avg(contains(body, {named})::int) from {table} where {named} <> '' and body is not null")
            > 0.6
        ), table
        assert one(rows, f"select count(distinct title) / count(*) from {table}") > 0.9, table


def test_larger_changes_break_checks_more_often(rows: Rows) -> None:
    sql = "select avg((check_conclusion = 'failure')::int) from commits where additions {}"
    assert one(rows, sql.format(">= 100")) > 1.5 * one(rows, sql.format("< 20"))


def test_releases_come_apart_and_in_order(rows: Rows) -> None:
    gaps = "select repository, epoch(created_at - lag(created_at) over (partition by repository order by id_order)) / 86400 as days from (select *, row_number() over (partition by repository order by created_at) as id_order from releases)"
    assert 7 < one(rows, f"select median(days) from ({gaps})") < 300
    versions = "select count(*) from (select tag_name, split_part(tag_name[2:], '.', 1)::int * 10 + split_part(tag_name, '.', 2)::int as number, lag(split_part(tag_name[2:], '.', 1)::int * 10 + split_part(tag_name, '.', 2)::int) over (partition by repository order by created_at) as before from releases) where number <= before"
    assert one(rows, versions) == 0


def test_work_in_progress_is_a_small_part(rows: Rows) -> None:
    assert one(rows, "select avg((state = 'open')::int) from pulls") < 0.08
    assert one(rows, "select count(*) from pulls where draft and merged") == 0


def test_most_commits_follow_the_opening(rows: Rows) -> None:
    sql = "select count(*) filter (c.created_at > p.created_at) / count(*) from commits c join pulls p on p.id = c.pull_request_id where p.commits > 1"
    assert 0.3 < one(rows, sql) < 0.9


def test_pull_requests_are_merged_within_a_day_at_the_median(rows: Rows) -> None:
    assert 1 < one(rows, "select median(epoch(merged_at - created_at) / 3600) from pull_requests where merged") < 40


def test_four_in_five_or_so_are_merged(rows: Rows) -> None:
    assert 0.75 < one(rows, "select avg(merged::int) from pull_requests where state = 'closed'") < 0.95


def test_open_pull_requests_are_few_and_mostly_young(rows: Rows) -> None:
    assert one(rows, "select avg((state = 'open')::int) from pull_requests") < 0.1


def test_throughput_grows_with_the_years(rows: Rows) -> None:
    by = dict(rows.execute("select year(merged_at), count(*) from pull_requests where merged group by 1").fetchall())
    assert by[2025] > by[2023] > 0


def test_numbers_of_a_repository_rise_with_time(rows: Rows) -> None:
    both = "select repository, number, created_at from issues union all select repository, number, created_at from pull_requests"
    sql = f"select count(*) from (select created_at, lag(created_at) over (partition by repository order by number) as before from ({both})) where created_at < before"
    assert one(rows, sql) == 0


def test_reviews_lie_within_the_life_of_their_pull_request(rows: Rows) -> None:
    sql = "select count(*) from reviews r join pull_requests p on p.id = r.pull_request_id where r.submitted_at < p.created_at or r.submitted_at > coalesce(p.closed_at, p.updated_at)"
    assert one(rows, sql) == 0


def test_counters_of_a_repository_are_counts(rows: Rows) -> None:
    sql = """select count(*) from repositories r where open_issues_count <> (select count(*) from issues i where i.repository = r.full_name and state = 'open')
        + (select count(*) from pull_requests p where p.repository = r.full_name and state = 'open')"""
    assert one(rows, sql) == 0


def test_sums_of_commits_are_those_of_the_pull_request(rows: Rows) -> None:
    sql = """select count(*) from pull_requests p join (select pull_request_id, count(*) as n, sum(additions) as plus, sum(deletions) as minus from commits group by 1) c
        on c.pull_request_id = p.id where p.commits <> n or p.additions <> plus or p.deletions <> minus"""
    assert one(rows, sql) == 0


def test_bus_factor_is_more_than_one_in_large_repositories(rows: Rows) -> None:
    sql = """select min(people) from (select repository, count(distinct user_id) as people, count(*) as n from pull_requests group by 1) where n > 100"""
    assert one(rows, sql) >= 10


def test_titles_are_written_as_conventional_commits(rows: Rows) -> None:
    assert (
        one(
            rows,
            "select avg(regexp_matches(title, '^(feat|fix|chore|docs|refactor|test): .+')::int) from pull_requests",
        )
        == 1
    )
    assert one(rows, "select count(*) from pull_requests where contains(title, '{') or contains(title, '%')") == 0
    assert one(rows, "select count(*) from issues where contains(title, '{') or contains(title, '%')") == 0
