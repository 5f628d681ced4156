"""run.json keeps its contract and its sums; the page and the console say the same, whatever text comes in."""

import io
import json
import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plotly.offline import get_plotlyjs
from rich.console import Console

from local.run_report import console, html
from local.run_report.extras import Check, CustomerFacts, DimensionFacts, Extras, HourFacts, LogFacts, MixIn
from local.run_report.figures import (
    billed_units,
    dimension_name,
    mix_in_name,
    number,
    seconds,
    short,
    unit_beside,
    unit_name,
)
from local.run_report.schema import ACCOUNT_FIELDS, Account, Customer, Marketplace, Run, plain, unaccounted

CALLS = Account(
    received=Decimal(3150), refused=Decimal(1), repeatedEvents=Decimal(100), waiting=Decimal(2),
    recorded=Decimal(3047), billed=Decimal(2000), included=Decimal(500), remainder=Decimal(547),
)  # fmt: skip
GIGABYTES = Account(
    received=Decimal("1.250000"), recorded=Decimal("1.25"), billed=Decimal("0.75"), included=Decimal("0.5")
)
RUN = Run(
    log="logs/orders.xes.gz",
    hours=12,
    customers=(
        Customer(
            customerIdentifier="l-0123456789abcdef0123456789abcdef",
            integration="license",
            dimensions={"api_calls": CALLS, "data_processed_gb": GIGABYTES},
        ),
        Customer(customerIdentifier="abc", integration="legacy", dimensions={"api_calls": CALLS}),
    ),
    marketplace=Marketplace(url="http://127.0.0.1:4711", calls=7, records=31, accepted=30, duplicates=1, rejected=0),
)
EXTRAS = Extras(
    dimensions={
        "api_calls": DimensionFacts(unit="call", scale=1000),
        "data_processed_gb": DimensionFacts(unit="GB"),
    },
    log=LogFacts(
        cases=10, events=200, people=3, without_timestamp=0, first="2026-01-05T08:00:00Z", last="2026-02-01T08:00:00Z",
        share=5, replayed_cases=2, outside=4,
    ),
    customers={
        "abc": CustomerFacts(week="2026-W02", tier="basic_tier"),
        "l-0123456789abcdef0123456789abcdef": CustomerFacts(week="2026-W03", tier="enterprise_tier", cancelled="16:20"),
    },
    hours=(
        HourFacts(
            hour="2026-11-16T08:00:00Z", events={"api_calls": 90}, recorded={"api_calls": Decimal(90)},
            billed={"api_calls": Decimal(0)}, seconds=1.5,
        ),
    ),
    refusals={"id_reused": 12, "bad_id": 2},
    mix_ins=(MixIn(name="after_cancelling", sent=9, answers={"not_subscribed": 8, "recorded": 1}),),
    checks=(Check(statement="Each line is in the log once", holds=True, figures="30 of 30"),),
    timings={"replay": 64.0},
    stand_ins=("gigabytes are a stand-in",),
)  # fmt: skip


def printed(run: Run, extras: Extras, width: int = 120) -> str:
    target = Console(file=io.StringIO(), width=width, color_system=None)
    console.summary(target, run, extras, where=["build/run.html"])
    text: str = target.file.getvalue()  # type: ignore[attr-defined]
    return text


def with_account(**changes: str) -> Run:
    broken = replace(CALLS, **{name: Decimal(text) for name, text in changes.items()})
    return replace(RUN, customers=(replace(RUN.customers[0], dimensions={"api_calls": broken}), RUN.customers[1]))


def test_run_json_is_what_the_contract_says(tmp_path: Path) -> None:
    path = tmp_path / "build" / "run.json"
    RUN.write(path)
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    assert list(document) == ["log", "hours", "customers", "marketplace", "unaccounted"]
    assert (document["log"], document["hours"], document["unaccounted"]) == ("logs/orders.xes.gz", 12, "0")
    assert list(document["marketplace"]) == ["url", "calls", "records", "accepted", "duplicates", "rejected"]
    customer = document["customers"][0]
    assert list(customer) == ["customerIdentifier", "integration", "dimensions"]
    assert customer["dimensions"]["api_calls"] == {
        "received": "3150", "refused": "1", "repeatedEvents": "100", "waiting": "2", "recorded": "3047",
        "billed": "2000", "included": "500", "repeatedUsers": "0", "remainder": "547", "pending": "0", "failed": "0",
        "unconfirmed": "0", "notSent": "0",
    }  # fmt: skip
    assert customer["dimensions"]["data_processed_gb"]["received"] == "1.25"


def test_nothing_is_unaccounted_for_where_both_sums_hold() -> None:
    assert RUN.unaccounted == 0
    assert unaccounted(RUN.customers) == {}


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"billed": "1999"}, 1),
        ({"billed": "2001"}, 1),
        ({"received": "3149.5"}, "0.5"),
        ({"recorded": "3046"}, 2),  # one at the door, one in the ledger, in opposite directions
        ({"remainder": "-3", "included": "1050"}, 3),  # the sum holds, but nothing can be below zero
    ],
)
def test_differences_are_found_and_named(changes: dict[str, str], missing: int | str) -> None:
    run = with_account(**changes)
    assert run.unaccounted == Decimal(missing)
    assert unaccounted(run.customers) == {("l-0123456789abcdef0123456789abcdef", "api_calls"): Decimal(missing)}
    assert "does not add up" in printed(run, EXTRAS)
    assert "statement bad" in html.page(run, EXTRAS)


def test_differences_of_two_customers_do_not_cancel_out() -> None:
    more, less = replace(CALLS, billed=Decimal(2005)), replace(CALLS, billed=Decimal(1995))
    run = replace(
        RUN,
        customers=tuple(
            replace(customer, dimensions={"api_calls": account})
            for customer, account in zip(RUN.customers, (more, less), strict=True)
        ),
    )
    assert run.totals()["api_calls"].unaccounted == 0
    assert run.unaccounted == 10


@given(st.lists(st.decimals(0, 10**9, places=6), min_size=11, max_size=11), st.sampled_from(ACCOUNT_FIELDS))
def test_any_single_shift_is_found(parts: list[Decimal], shifted: str) -> None:
    ledger, door = parts[:8], parts[8:]
    recorded = sum(ledger, Decimal(0))
    received = recorded + sum(door, Decimal(0))
    names = [name for name in ACCOUNT_FIELDS if name not in ("received", "recorded")]
    account = Account(received=received, recorded=recorded, **dict(zip(names, [*door, *ledger], strict=True)))
    assert account.unaccounted == 0
    moved = replace(account, **{shifted: getattr(account, shifted) + Decimal("0.000001")})
    assert moved.unaccounted >= Decimal("0.000001")


def test_the_page_loads_nothing_and_forbids_it() -> None:
    page = html.page(RUN, EXTRAS)
    markup = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", markup)
    assert "<script src" not in page
    assert "default-src 'none'" in page
    assert page.count("plotly.js v") == 1, "the charts' library is written into the page, once"


def test_the_page_says_who_was_billed_for_what_and_how_it_ended() -> None:
    text = " ".join(re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", html.page(RUN, EXTRAS), flags=re.DOTALL).split())
    for words in (
        "12 hours of usage, metered and billed",
        "orders.xes.gz: 2 of 10 cases",
        "billed exactly once, or ended in a named state",
        "Each line is in the log once 30 of 30",
        "API calls billed 4 × 1,000 calls",
        "customer API calls × 1,000 data processed GB",
        "No unit is unaccounted for. 0 unaccounted",
        "2026-W02 abc legacy basic 2 0",
        "2026-W03 l-012345…89abcdef license enterprise cancelled 16:20 2 0.75",
        "all 4 0.75",
        "API calls 6,300 2 200 4 6,094 4,000 1,000 1,094",
        "after cancelling 9 8 not_subscribed, 1 recorded",
        "id_reused 12 bad_id 2",
        "http://127.0.0.1:4711 calls 7 records 31 accepted 30 duplicates 1 rejected 0",
        "2 (1 in 5)",
        "replay 1 min 4 s",
        "gigabytes are a stand-in",
    ):
        assert words in text, words


HOSTILE = "</script><img src=x onerror=alert(1)>[red]'\"&"


def test_text_from_outside_is_text() -> None:
    run = replace(
        RUN,
        log=f"logs/{HOSTILE}",
        customers=(Customer(customerIdentifier=HOSTILE, integration=HOSTILE, dimensions={HOSTILE: CALLS}),),
        marketplace=replace(RUN.marketplace, url=HOSTILE),
    )
    extras = replace(
        EXTRAS,
        dimensions={HOSTILE: DimensionFacts(unit=HOSTILE)},
        customers={HOSTILE: CustomerFacts(week=HOSTILE, tier=HOSTILE, cancelled=HOSTILE)},
        refusals={HOSTILE: 1},
        mix_ins=(MixIn(name=HOSTILE, sent=1, answers={HOSTILE: 1}),),
        checks=(Check(statement=HOSTILE, holds=False, figures=HOSTILE),),
        timings={HOSTILE: 1.0},
        stand_ins=(HOSTILE,),
        hours=(replace(EXTRAS.hours[0], hour=HOSTILE, events={HOSTILE: 1}),),
    )

    def markup(page: str) -> str:
        return page.replace(get_plotlyjs(), "")

    assert "<img" not in markup(html.page(run, extras))
    assert markup(html.page(run, extras)).count("</script>") == markup(html.page(RUN, EXTRAS)).count("</script>")
    assert "[red]" in printed(run, extras, 300)


@pytest.mark.parametrize("width", [80, 120])
def test_the_console_shows_bills_states_and_verdict(width: int) -> None:
    text = printed(RUN, EXTRAS, width)
    assert max(len(line.rstrip()) for line in text.splitlines()) <= width
    assert re.search(r"2026-W02 .*2 +0 *$", text, re.MULTILINE)
    assert re.search(r"all .*4 +0\.75", text)
    assert re.search(r"billed +4,000 +0\.75", text)
    assert re.search(r"cancelled at 16:20 *\n *\nWhere every unit went", text)
    assert re.search(r"No unit is unaccounted for\.  0 unaccounted *│?\n│ *│\n│ *replay 1 min 4 s", text)
    assert "12 hours, 2 customers, 30 lines in 7 calls: billed exactly once" in text
    assert "→ build/run.html" in text


def test_an_unknown_buyers_usage_is_in_the_totals_only() -> None:
    waiting = {"api_calls": Account(received=Decimal(5), waiting=Decimal(5))}
    unknown = Customer(customerIdentifier="buyer-unknown", integration="unknown", dimensions=waiting)
    run = replace(RUN, customers=(*RUN.customers, unknown))
    assert run.buyers == RUN.customers
    assert "12 hours, 2 customers," in printed(run, EXTRAS)
    assert "buyer-unknown" not in printed(run, EXTRAS)
    assert re.search(r"waiting +9 ", printed(run, EXTRAS))
    page = html.page(run, EXTRAS)
    assert "customers</span><b>2</b>" in page
    assert "title='buyer-unknown'" not in page
    assert run.customers[2].customerIdentifier == "buyer-unknown"


def test_no_heading_is_cut_on_a_narrow_console() -> None:
    names = ("workflow_executions", "active_users", "data_processed_gb", "api_calls", "worklet_invocations")
    account = replace(CALLS, received=Decimal(101150), recorded=Decimal(101047), included=Decimal(98500))
    buyer = replace(RUN.customers[1], dimensions=dict.fromkeys(names, account))
    run = replace(RUN, customers=(buyer, replace(buyer, customerIdentifier="buyer-unknown", integration="unknown")))
    units = zip(names, ("execution", "user", "GB", "call", "invocation"), strict=True)
    extras = replace(EXTRAS, dimensions={name: DimensionFacts(unit=unit, scale=1000) for name, unit in units})
    assert "…" not in printed(run, extras, 80)


def test_a_failed_check_is_enough_for_red() -> None:
    extras = replace(EXTRAS, checks=(Check(statement="It agrees", holds=False),))
    assert "✗ It agrees" in printed(RUN, extras)
    assert "does not add up" in printed(RUN, extras)
    assert "statement bad" in html.page(RUN, extras)


def test_a_run_without_anything_still_makes_a_page() -> None:
    run = replace(RUN, customers=())
    extras = Extras(dimensions={}, log=EXTRAS.log)
    assert "0 unaccounted" in html.page(run, extras)
    assert "0 customers" in printed(run, extras)


def test_figures() -> None:
    assert [number(Decimal(text)) for text in ("1234567.891", "0.004", "0", "2.50", "-0.001")] == [
        "1,234,567.89", "<0.01", "0", "2.5", ">-0.01",
    ]  # fmt: skip
    assert [plain(Decimal(text)) for text in ("1E+3", "1.500000", "0.000001", "100", "0.00")] == [
        "1000", "1.5", "0.000001", "100", "0",
    ]  # fmt: skip
    assert billed_units(Decimal(2000), DimensionFacts(unit="call", scale=1000)) == 2
    assert unit_name(DimensionFacts(unit="call", scale=1000)) == "× 1,000 calls"
    assert unit_name(DimensionFacts(unit="GB")) == "GB"
    assert [
        unit_beside(name, DimensionFacts(unit=unit, scale=scale))
        for name, unit, scale in (("api_calls", "call", 1000), ("active_users", "user", 1), ("seats", "hour", 10))
    ] == ["× 1,000", "", "× 10 hours"]
    assert dimension_name("api_calls") == "API calls"
    assert mix_in_name("refusal:id_reused") == "refusal: id_reused"
    assert mix_in_name("after_cancelling") == "after cancelling"
    assert short("l-0123456789abcdef") == "l-012345…89abcdef"
    assert [seconds(value) for value in (1.25, 59.9, 64.0)] == ["1.2 s", "59.9 s", "1 min 4 s"]
