"""What people of a hospital ask of its rows first: ages, stays, readmissions, hours, deaths, measurements, drugs, claims."""

from __future__ import annotations

import duckdb
import pytest

from tests.specialists.rows import connection, one

Rows = duckdb.DuckDBPyConnection


@pytest.fixture(params=[None, 1, 77], ids=["its own seed", "seed 1", "seed 77"])
def rows(request: pytest.FixtureRequest) -> Rows:
    return connection("hospital", request.param)


def test_nothing_before_birth_registration_or_after_death(rows: Rows) -> None:
    sql = """
        select count(*) from encounters e join patients p on p.id = e.patient_id where e.ended_at <= e.started_at
        or e.started_at < p.registered_on or p.registered_on <= p.birth_date or e.ended_at > p.died_at or e.ended_at >= '2026-01-01'
    """
    assert one(rows, sql) == 0
    sql = "select count(*) from encounters e join patients p on p.id = e.patient_id where (disposition = 'expired') <> (coalesce(ended_at = died_at, false))"
    assert one(rows, sql) == 0


def test_encounters_of_a_patient_never_overlap(rows: Rows) -> None:
    sql = """
        select count(*) from (select started_at, lag(ended_at) over (partition by patient_id order by visit_number) as before
            from encounters) where started_at <= before
    """
    assert one(rows, sql) == 0
    gaps = """
        with gaps as (select patient_id, date_diff('hour', lag(ended_at) over w, started_at) as gap from encounters
            window w as (partition by patient_id order by started_at))
        select median(v) from (select stddev(gap) / avg(gap) as v from gaps group by patient_id having count(gap) >= 6)
    """
    assert one(rows, gaps) > 0.6


def test_readmissions_within_30_days(rows: Rows) -> None:
    sql = """
        with stays as (select ended_at, lead(started_at) over (partition by patient_id order by started_at) as next
            from encounters where class = 'inpatient' and disposition <> 'expired')
        select avg(coalesce(next < ended_at + interval 30 days, false)::int) from stays
    """
    assert 0.07 < one(rows, sql) < 0.17


def test_stays_are_skewed_and_longer_for_the_old(rows: Rows) -> None:
    stays = "select date_diff('day', started_at, ended_at) as days, age from (select e.*, date_diff('year', birth_date, started_at) age from encounters e join patients p on p.id = patient_id) where class = 'inpatient'"
    assert 2 <= one(rows, f"select median(days) from ({stays})") <= 5
    assert one(rows, f"select avg(days) - median(days) from ({stays})") > 0.3
    assert one(rows, f"select quantile_cont(days, 0.99) from ({stays})") < 40
    assert one(rows, f"select avg(days) filter (age >= 70) - avg(days) filter (age < 50) from ({stays})") > 0.5


def test_emergencies_peak_in_the_evening_and_clinics_keep_hours(rows: Rows) -> None:
    of_hours = "select count(*) from encounters where class = 'emergency' and hour(started_at) between {} and {}"
    evening, morning, night = (one(rows, of_hours.format(*hours)) for hours in ((18, 21), (8, 11), (2, 5)))
    assert evening > 1.2 * morning > 2 * night > 0
    sql = "select count(*) from encounters where class = 'outpatient' and (isodow(started_at) > 5 or hour(started_at) not between 8 and 17)"
    assert one(rows, sql) == 0


def test_the_old_need_more_and_die_more(rows: Rows) -> None:
    per_patient = "select p.id, date_diff('year', birth_date, date '2026-01-01') as age, died_at is not null as dead, count(*) n from patients p join encounters e on e.patient_id = p.id group by all"
    assert one(rows, f"select avg(n) filter (age >= 70) / avg(n) filter (age < 40) from ({per_patient})") > 1.5
    shares = [
        one(rows, f"select avg(dead::int) from ({per_patient}) where age between {a} and {b}")
        for a, b in ((0, 49), (50, 74), (75, 120))
    ]
    assert shares == sorted(shares)
    assert shares[0] < 0.03
    assert 0.1 < shares[2] < 0.6
    assert one(rows, f"select corr(n, age) from ({per_patient})") > 0.15
    pyramid = [one(rows, f"select count(*) from ({per_patient}) where age // 10 = {decade}") for decade in (4, 7, 8, 9)]
    assert pyramid == sorted(pyramid, reverse=True)


def test_payers_by_age(rows: Rows) -> None:
    medicare = "select avg((payer like 'Medicare%')::int) from patients where date_diff('year', birth_date, date '2026-01-01') {}"
    assert one(rows, medicare.format(">= 66")) > 0.85
    assert one(rows, medicare.format("< 65")) == 0


def test_chronic_diagnoses_come_again_and_fit_age_and_sex(rows: Rows) -> None:
    sql = """
        select avg((seen = visits)::int) from (select count(*) as seen, any_value(visits) visits from diagnoses d join encounters e on e.id = d.encounter_id
            join (select patient_id, count(*) visits from encounters group by 1) v using (patient_id) where is_chronic group by patient_id, code)
    """
    assert one(rows, sql) == 1
    of_patients = "from diagnoses d join encounters e on e.id = d.encounter_id join patients p on p.id = e.patient_id"
    assert (
        one(
            rows,
            f"select count(*) {of_patients} where code in ('N40.0', 'C61') and sex <> 'Male' or code in ('M81.0', 'C50.911') and sex <> 'Female'",
        )
        == 0
    )
    assert (
        one(
            rows,
            "select count(*) from (select code from diagnoses group by code having count(distinct description) <> 1)",
        )
        == 0
    )
    assert (
        one(
            rows,
            "select count(*) from (select encounter_id from diagnoses group by encounter_id, code having count(*) > 1)",
        )
        == 0
    )
    ages = "select avg(date_diff('year', birth_date, started_at)) {} where code = '{}'"
    assert one(rows, ages.format(of_patients, "I10")) > one(rows, ages.format(of_patients, "J45.909")) + 15
    winter = "select avg((month(started_at) in (11, 12, 1, 2, 3))::int) from diagnoses d join encounters e on e.id = d.encounter_id where code = '{}'"
    assert one(rows, winter.format("J10.1")) > 0.9 > 0.6 > one(rows, winter.format("M54.50"))


def test_vital_signs_hang_together(rows: Rows) -> None:
    assert one(rows, "select min(systolic - diastolic) from vital_signs") >= 15
    sql = "select count(*) from vital_signs where systolic not between 80 and 220 or pulse not between 35 and 180 or temperature_c not between 35 and 42 or oxygen_saturation not between 80 and 100 or respirations not between 8 and 40"
    assert one(rows, sql) == 0
    assert one(rows, "select corr(temperature_c, pulse) from vital_signs") > 0.35
    assert one(rows, "select corr(systolic, diastolic) from vital_signs") > 0.6
    first = "from vital_signs v join encounters e on e.id = v.encounter_id join diagnoses d on d.encounter_id = e.id and d.rank = 1"
    assert one(rows, f"select avg(temperature_c) {first} where code in ('J18.9', 'A41.9')") > 37.3
    assert one(rows, f"select avg(temperature_c) {first} where code in ('M54.50', 'R07.9', 'R55')") < 37.0
    assert one(rows, f"select avg(oxygen_saturation) {first} where code in ('J18.9', 'J44.1')") < 95.5
    assert (
        one(
            rows,
            "select count(*) from vital_signs v join encounters e on e.id = v.encounter_id where taken_at not between started_at and ended_at",
        )
        == 0
    )


def test_laboratory_flags_follow_values(rows: Rows) -> None:
    sql = "select count(*) from lab_results where flag <> case when value < reference_low then 'low' when value > reference_high then 'high' else 'normal' end"
    assert one(rows, sql) == 0
    assert 0.8 < one(rows, "select avg((flag = 'normal')::int) from lab_results") < 0.95
    of_diabetics = """
        select avg((flag = 'high')::int) from lab_results r join encounters e on e.id = r.encounter_id where name like 'Hemoglobin A1c'
        and {} exists (from diagnoses d join encounters o on o.id = d.encounter_id where o.patient_id = e.patient_id and code = 'E11.9')
    """
    assert one(rows, of_diabetics.format("")) > 0.7 > 0.15 > one(rows, of_diabetics.format("not"))
    assert (
        one(
            rows,
            "select count(*) from (select encounter_id from lab_results group by encounter_id, loinc_code having count(*) > 1)",
        )
        == 0
    )


def test_drugs_are_for_the_diagnosis_and_begin_within_the_stay(rows: Rows) -> None:
    of = "from medications m join diagnoses d on d.encounter_id = m.encounter_id and d.rank = m.diagnosis_rank join encounters e on e.id = m.encounter_id"
    assert one(rows, f"select count(*) {of} where m.started_at not between e.started_at and e.ended_at") == 0
    assert (
        one(
            rows,
            f"select count(*) {of} where (drug like 'metformin%' and code not in ('E11.9', 'R73.03')) or (drug like 'levothyroxine%' and code <> 'E03.9')",
        )
        == 0
    )
    assert one(rows, f"select avg((drug like 'ceftriaxone%')::int) {of} where code = 'A41.9'") > 0.2


def test_claims_follow_stay_and_procedures(rows: Rows) -> None:
    sql = """
        select count(*) from claims c join encounters e on e.id = c.encounter_id left join
            (select encounter_id, sum(charge) as charges from procedures group by 1) p on p.encounter_id = e.id
        where c.billed <> e.room_charge + coalesce(charges, 0) or c.submitted_at < e.ended_at or c.paid_at < c.submitted_at or c.patient_id <> e.patient_id
        or (c.paid is not null) <> (c.status = 'paid') or c.allowed > c.billed
    """
    assert one(rows, sql) == 0
    medians = [
        one(
            rows, f"select median(billed) from claims c join encounters e on e.id = encounter_id where class = '{kind}'"
        )
        for kind in ("outpatient", "emergency", "inpatient")
    ]
    assert 3 * medians[0] < medians[1] < medians[2] / 3
    stays = "claims c join encounters e on e.id = encounter_id where class = 'inpatient'"
    assert one(rows, f"select corr(billed, date_diff('day', started_at, ended_at)) from {stays}") > 0.6
    assert 0.02 < one(rows, "select avg((status in ('denied', 'appealed', 'written off'))::int) from claims") < 0.2
    assert 5 < one(rows, "select median(date_diff('day', submitted_at, paid_at)) from claims") < 45


def test_common_tests_are_ordered_most_and_people_register_on_working_days(rows: Rows) -> None:
    shares = "select name, count(*) / sum(count(*)) over () as share from lab_results group by 1"
    assert (
        one(
            rows,
            f"select sum(share) from ({shares}) where name like 'Glucose%' or name like 'Creatinine%' or name like 'Sodium%'",
        )
        > 0.25
    )
    assert one(rows, f"select min(share) from ({shares})") > 0.01
    assert one(rows, "select avg((isodow(registered_on) > 5)::int) from patients") < 0.12


def test_stays_depend_on_the_diagnosis_and_clinics_have_no_crowded_day(rows: Rows) -> None:
    sql = """
        select avg(epoch(ended_at - started_at)) from encounters e join diagnoses d on d.encounter_id = e.id and rank = 1
            join departments p on p.id = department_id where class = 'inpatient' and p.name <> 'Emergency Medicine' and code in {}
    """
    long, short = (
        one(rows, sql.format(codes))
        for codes in ("('A41.9', 'J96.01', 'I63.9', 'S72.001A')", "('K80.20', 'K40.90', 'K35.80')")
    )
    assert long > 1.7 * short
    days = dict(
        rows.execute(
            "select isodow(started_at), count(*) from encounters where class = 'outpatient' group by 1"
        ).fetchall()
    )
    assert max(days.values()) < 1.4 * min(days.values())
    assert set(days) == {1, 2, 3, 4, 5}


def test_hemoglobin_is_of_the_sex_and_enzymes_go_together(rows: Rows) -> None:
    mean = "select avg(value) from lab_results join encounters e on e.id = encounter_id join patients p on p.id = patient_id where loinc_code = '718-7' and sex = '{}'"
    assert one(rows, mean.format("Male")) > 1 + one(rows, mean.format("Female"))
    pair = "select corr(a.value, b.value) from lab_results a join lab_results b using (encounter_id) where a.loinc_code = '{}' and b.loinc_code = '{}'"
    assert one(rows, pair.format("1742-6", "1920-8")) > 0.5
    assert one(rows, pair.format("2160-0", "3094-0")) > 0.5


def test_drugs_are_taken_as_often_as_they_are(rows: Rows) -> None:
    sql = "select count(*) from medications where drug similar to '{}' and frequency <> '{}'"
    assert not one(rows, sql.format("(levothyroxine|atorvastatin|lisinopril|amlodipine).*", "once a day"))
    assert not one(rows, sql.format("(apixaban|metformin|amoxicillin).*", "twice a day"))
    assert one(rows, "select count(*) from medications where frequency = 'every six hours'") > 50


def test_the_urgent_stay_longer_in_emergency(rows: Rows) -> None:
    minutes = dict(
        rows.execute(
            "select triage_level, median(epoch(ended_at - started_at)) from encounters where class = 'emergency' group by 1"
        ).fetchall()
    )
    assert minutes[2] > minutes[3] > minutes[4] > minutes[5]
    assert 1 not in minutes  # whoever fights for life is not sent home
