"""``ops findings``: differences that audits found and nobody has resolved."""

from itertools import islice
from typing import Annotated, Any

import typer

from ledger import tables
from ledger.findings import Finding
from ledger.reading import every_page
from ops.answer import Answer, Parts, table, words
from ops.line_id import parse_customer
from ops.stage import OpenStage

Customer = Annotated[str, typer.Option(help="only those of one customer")]
Limit = Annotated[int, typer.Option(min=1, max=5000, help="how many at most, the oldest first")]
OPEN = "open"


def findings(stage: OpenStage, customer: Customer = "", limit: Limit = 100) -> Answer:
    """Open findings of the audits: where our ledger and AWS Marketplace differ."""
    wanted = parse_customer(customer) if customer else None
    every = stage.watch(open_findings(stage), "findings")
    taken = list(islice((each for each in every if wanted is None or each["subject"] == wanted), limit + 1))
    found, more = taken[:limit], len(taken) > limit
    parts = Parts(data={"findings": found, "more": more}, trouble=bool(found))
    if not found:
        parts.shown.append(words("No finding is open."))
        return parts.answer()
    columns = ("found", "subject", "item", "#ours", "#theirs")
    names = ("foundAt", "subject", "item", "ours", "theirs")
    parts.shown.append(table(f"{len(found)}{' or more' if more else ''} open findings", columns, _rows(found, names)))
    subjects = dict.fromkeys(each["subject"] for each in found if not each["subject"].startswith("#"))
    parts.next += [f"ops customer {subject}" for subject in list(subjects)[:3]]
    first = found[0]
    named = f"'{first['subject']}' '{first['item']}'"
    parts.next.append(f'ops close-finding {named} --why "...": once a person has judged it')
    parts.next.append("ops failed: the lines that a finding may resolve")
    return parts.answer()


def open_findings(stage: OpenStage) -> Any:
    """The open findings, the oldest first, one by one."""
    index = tables.OPEN_FINDINGS_INDEX
    for item in every_page(
        stage.table(tables.AUDIT).query,
        IndexName=index.name,
        KeyConditionExpression=f"{index.hash.name} = :open",
        ExpressionAttributeValues={":open": OPEN},
    ):
        finding = Finding.from_item(item)
        yield {"item": item["item"], "foundAt": item.get("foundAt"), **vars(finding)}


def _rows(found: list[dict[str, Any]], names: tuple[str, ...]) -> list[tuple[Any, ...]]:
    return [tuple(each[name] for name in names) for each in found]
