"""What another's scanner says of an example's CSV files: its score, the findings that are answered, and what is left.

    sdgen generate stripe --to out/stripe --format csv
    python -m tools.scan stripe out/stripe            # in an environment that has misata 0.9.8

`score` is the scanner's own. `answered` leaves out the findings that docs/realism.md answers: they are listed here, by
check and column, so that nothing else is left out with them.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

DOCUMENTS = "documents and lists, moments and keys, which are no prose"
REPEATED = "a name that stands on each of its rows"
PRICES = "the first digits of a price list"
SERVICE = "words of the service, not of people"
TITLES = "titles of jobs, which come again"
COMPLETE = "records that have all of their fields"
CODES = "a table of codes, which has few names"
REGULAR = "one for each year, month or ten minutes, or two to a transaction"
SIZES = "values of one order of size, whose first digits follow from it"
ELSEWHERE = "evenings that are after midnight in UTC"
REQUIRED = "what its requirements ask for"

# example, check and column, as one expression; the first that matches answers.
ANSWERS = (
    (r"stripe text_\w+ \S+\.(outcome|payment_method_details|price|status_transitions|metadata)", DOCUMENTS),
    (r"stripe text_\w+ \S+\.(cancellation_details|items|plan)", DOCUMENTS),
    (r"stripe text_\w+ \S+\.(failure_message|description)", SERVICE),
    (r"stripe value_diversity invoices\.customer_name", REPEATED),
    (r"stripe benford \S+", PRICES),
    (r"shopify text_\w+ orders\.(customer|shipping_lines|tax_lines)", DOCUMENTS),
    (r"shopify (value_diversity|text_\w+) order_line_items\.(name|title)", REPEATED),
    (r"shopify name_email orders\.email", "an order's name is its number"),
    (r"github text_\w+ \S+\.(user|author|commit|base|head)", DOCUMENTS),
    (r"github too_clean comments", COMPLETE),
    (r"zendesk too_clean ticket_comments", COMPLETE),
    (r"hubspot text_\w+ (\S+\.createdAt|companies\.properties_website)", DOCUMENTS),
    (r"hubspot text_\w+ deals\.properties_dealname", REPEATED),
    (r"salesforce text_\w+ \S+\.SystemModstamp", DOCUMENTS),
    (r"(hubspot|salesforce) (text_\w+|value_diversity) \S+\.(Title|properties_jobtitle)", TITLES),
    (r"(hubspot|salesforce) benford (line_items|deals|Opportunity|OpportunityLineItem)\.\S+", PRICES),
    (r"xero text_\w+ \S+\.(Balances|Contact|ContactID|InvoiceID|AccountID)", DOCUMENTS),
    (r"shopify daily_rhythm (orders|transactions)\.\w+", ELSEWHERE),
    (r"iot daily_rhythm readings\.taken_at", "readings of machines"),
    (r"clickstream text_\w+ events\.properties", DOCUMENTS),
    (r"hospital (text_\w+ diagnoses\.description|value_diversity (lab_results|procedures)\.name)", CODES),
    (r"hospital benford lab_results\.value", SIZES),
    (r"logistics amount_shape fuel_purchases\.price_per_litre", "diesel costs about as much everywhere"),
    (r"logistics fanout_skew positions\.(stop|trip)_id", REGULAR),
    (r"hr_payroll fanout_skew (leave_balances|leave_requests|salaries)\.\w+", REGULAR),
    (r"security_events (text_\w+ findings\.title|value_diversity process_events\.name)", CODES),
    (r"bank_ledger fanout_skew (journal_lines\.transaction_id|statements\.account_id)", REGULAR),
    (r"bank_ledger benford transactions\.amount", SIZES),
    (r"genonaut (fanout_skew generation_jobs\.user_id|too_clean (content_items\w*|users))", REQUIRED),
    (r"genonaut daily_rhythm \S+", ELSEWHERE),
    (r"genonaut text_\w+ \S+\.(content_data|item_metadata|parameters|preferences)", DOCUMENTS),
    (r"genonaut placeholder_values users\.email", "one address of an administrator"),
)


def answer(example: str, check: str, place: str) -> str:
    """Why a finding is not followed; empty where it is to be."""
    where = f"{example} {check} {place}"
    return next((reason for pattern, reason in ANSWERS if re.fullmatch(pattern, where)), "")


def main(example: str, folder: str) -> None:
    # Of an environment of its own: the table above is read without it.
    import pandas as pd
    from misata import realism_report  # type: ignore[import-not-found, unused-ignore]

    tables = {path.stem: pd.read_csv(path) for path in sorted(Path(folder).glob("*.csv"))}
    report = realism_report(tables)
    places = {id(each): f"{each.table}.{each.column}" if each.column else each.table for each in report.checks}
    said = {id(each): answer(example, each.check, places[id(each)]) for each in report.tells}
    kept = [each for each in report.checks if not said.get(id(each))]
    points = {"pass": 1.0, "warn": 0.5, "fail": 0.0}
    left = sum(points[each.status] for each in kept) / len(kept)
    of = f"without {sum(map(bool, said.values()))} answered findings of {len(report.checks)} checks"
    print(f"{example}: score {report.score:.2f}, {left:.2f} {of}")
    for each in report.tells:
        reason = said[id(each)]
        print(f"  {'answered' if reason else each.status:8} {each.check:16} {places[id(each)]:44} {reason}")


if __name__ == "__main__":
    main(*sys.argv[1:])
