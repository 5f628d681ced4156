"""``ops actions``: what operators changed."""

from itertools import islice
from typing import Annotated, Any

import typer

from ledger import tables
from ledger.reading import every_page
from ops.answer import Answer, table, words
from ops.change import STAGE_SUBJECT
from ops.line_id import parse_customer
from ops.stage import OpenStage

Customer = Annotated[str, typer.Argument(help="a billing key; left out: what concerned the whole stage")]
Limit = Annotated[int, typer.Option(min=1, max=1000, help="how many at most, the newest first")]


def actions(stage: OpenStage, customer: Customer = "", limit: Limit = 20) -> Answer:
    """What operators changed of one customer, or of the whole stage: who, when, why."""
    subject = parse_customer(customer) if customer else STAGE_SUBJECT
    found = every_page(
        stage.table(tables.AUDIT).query,
        KeyConditionExpression="subject = :subject AND begins_with(#item, :kind)",
        ExpressionAttributeNames={"#item": "item"},
        ExpressionAttributeValues={":subject": subject, ":kind": "action#"},
        ScanIndexForward=False,
        Limit=limit,
    )
    made = [_action(item) for item in islice(stage.watch(found, "actions"), limit)]
    rows = [(each["at"], each["who"], each["command"], each["target"], each["why"]) for each in made]
    shown = table(f"actions of {subject}", ("at", "who", "command", "target", "why"), rows)
    return Answer(
        data={"subject": subject, "actions": made},
        shown=[shown if made else words(f"Nobody has changed anything of {subject} by ops.")],
        next=[] if customer else ["ops actions <customer>: what was changed of one customer"],
    )


def _action(item: Any) -> dict[str, Any]:
    _, at, number = item["item"].split("#", 2)
    named = {name: item.get(name) for name in ("who", "why", "command", "target", "change")}
    return {"at": at, "id": number, **named}
