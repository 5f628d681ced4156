"""``ops close-finding``: a person has judged a difference that an audit found, and says what it is."""

from typing import Annotated

import typer

from ledger import tables
from ledger.findings import PREFIX, STAGE, Finding, Findings
from ledger.reading import every_page
from ledger.transaction import Operation
from ops.answer import words
from ops.change import Change
from ops.line_id import LONGEST, parse_customer
from ops.refused import Refused
from ops.repair.once import write_once
from ops.stage import OpenStage

#: The resolution of a finding that a person closed; why is in the audit trail.
CLOSED = "closed"

Subject = Annotated[str, typer.Argument(metavar="SUBJECT", help="a billing key, or '#stage'")]
Item = Annotated[str, typer.Argument(metavar="ITEM", help="the finding's name, as `ops findings` prints it")]


def close_finding(stage: OpenStage, subject: Subject, item: Item) -> Change:
    """Close a finding that a person has judged. It stays closed while its amounts stay the same.

    Nothing that is billed changes by it.
    """
    whom = subject if subject == STAGE else parse_customer(subject)
    finding = _open(stage, whom, item)
    amounts = f"ours {finding.ours or 'nothing'}, theirs {finding.theirs or 'nothing'}"

    def do(entry: Operation) -> list[str]:
        who, findings = entry["Put"]["Item"]["who"], Findings(stage.table(tables.AUDIT))
        write_once(stage, [findings.closing(finding, CLOSED, who, stage.now())], entry)
        return ["It is closed. An audit that finds it with other amounts opens it again."]

    return Change(
        subject=whom,
        target=finding.item,
        change={"resolution": CLOSED, "kind": finding.kind, "ours": finding.ours, "theirs": finding.theirs},
        shown=[words(f"{finding.item} of {whom}: {amounts}", "It would be closed: no audit counts it as open.")],
        do=do,
        next=["ops findings"],
    )


def _open(stage: OpenStage, subject: str, item: str) -> Finding:
    if not item.startswith(PREFIX) or item.count("#") < 4 or len(item) > LONGEST:
        raise Refused(f"{item[:80]!r} names no finding: write it as `ops findings` prints it, {PREFIX}…")
    found = every_page(
        stage.table(tables.AUDIT).query,
        KeyConditionExpression="subject = :subject AND #item = :item",
        ExpressionAttributeNames={"#item": "item"},
        ExpressionAttributeValues={":subject": subject, ":item": item},
        ConsistentRead=True,
    )
    for each in found:
        if "findingState" not in each:
            how = f"{each.get('resolution')}, by {each.get('resolvedBy')}"
            raise Refused(f"{item} is closed since {each.get('resolvedAt')}: {how}")
        return Finding.from_item(each)
    raise Refused(f"there is no finding {item} of {subject}: ops findings lists those that are open")
