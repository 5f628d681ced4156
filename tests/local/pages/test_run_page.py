"""``run.html`` of a real run, in a browser."""

import json
from decimal import Decimal

import pytest
from playwright.sync_api import Locator

from tests.local.pages.watched import Watched
from tests.local.run_program import Program

pytestmark = [pytest.mark.local, pytest.mark.timeout(240)]


@pytest.fixture
def opened(finished_run: Program, watched: Watched) -> Watched:
    assert finished_run.process.returncode == 0, finished_run.output
    watched.page.goto((finished_run.out / "run.html").as_uri())
    return watched


def section(watched: Watched, title: str) -> Locator:
    return watched.page.locator("section").filter(has=watched.page.get_by_role("heading", name=title, exact=True))


def test_it_shows_who_was_billed_for_what(opened: Watched, finished_run: Program) -> None:
    document = json.loads((finished_run.out / "run.json").read_text(encoding="utf-8"))
    rows = section(opened, "Who was billed for what").locator("tbody tr")
    buyers = [customer for customer in document["customers"] if customer["integration"] != "unknown"]
    assert rows.count() == len(buyers)
    assert opened.page.locator(".figure").filter(has_text="customers").locator("b").inner_text() == str(len(buyers))
    # by the whole key, which is the title of the short one that is shown
    shown = {
        row.locator(".who").get_attribute("title"): [cell.inner_text() for cell in row.locator("td").all()[1:]]
        for row in rows.all()
    }
    heads = section(opened, "Who was billed for what").locator("thead th").all_inner_texts()[1:]
    names = ("workflow_executions", "active_users", "data_processed_gb", "api_calls", "worklet_invocations")
    assert [head.split("\n")[0].lower().replace(" ", "_") for head in heads] == list(names)
    for customer in buyers:
        accounts = customer["dimensions"]
        billed = [Decimal(accounts.get(name, {"billed": "0"})["billed"]) for name in names]
        scaled = [units / (1000 if name == "api_calls" else 1) for name, units in zip(names, billed, strict=True)]
        cells = [Decimal(text.replace(",", "")) for text in shown[customer["customerIdentifier"]]]
        # gigabytes are rounded for people
        assert all(abs(cell - units) < Decimal("0.01") for cell, units in zip(cells, scaled, strict=True)), cells


def test_it_says_that_all_is_well(opened: Watched) -> None:
    statement = opened.page.locator(".statement")
    assert "Every unit of usage was billed exactly once" in statement.inner_text()
    assert statement.locator("li.bad").count() == 0
    assert statement.locator("li.good").count() > 3


def test_it_draws_its_charts_without_an_error_and_asks_nobody(opened: Watched) -> None:
    opened.page.wait_for_function("document.querySelectorAll('.js-plotly-plot .main-svg').length >= 3")
    menu = opened.page.get_by_label("dimension")
    for option in menu.locator("option").all_inner_texts():
        menu.select_option(label=option)
    assert opened.errors == []
    assert [address for address in opened.addresses if not address.startswith(("file:", "data:", "blob:"))] == []
