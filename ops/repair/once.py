"""One audited transaction on what was read, done once or not at all."""

from collections.abc import Sequence
from decimal import Decimal

from ledger import tables
from ledger.findings import PREFIX, Finding
from ledger.line_resolution import NotResolvable
from ledger.metering_record import MeteringRecord
from ledger.reading import every_page
from ledger.transaction import Cancelled, Contended, Operation, write
from marketplace.quantity import text
from ops.line_id import LineId
from ops.refused import Refused
from ops.stage import OpenStage
from reconcile import kinds
from reconcile.calls.rules import hour_name
from runtime.pause import full_jitter

TRIES = 8


def record_of(stage: OpenStage, line: LineId) -> MeteringRecord:
    """The record that has the line, as it is now. Raises Refused where there is none."""
    record = stage.records.get(line.customer, line.hour)
    if record is None:
        raise Refused(f"no usage is recorded for {line.of_hour}: ops customer {line.customer} shows its hours")
    if record.state != "sealed":
        raise Refused(f"{line.of_hour} is not sealed yet, so it has no lines: ops hour {line.of_hour} shows it")
    return record


def refused(line: LineId, why: NotResolvable) -> Refused:
    """The refusal of a line that cannot be resolved so, with what can be done instead."""
    steps = {
        "unconfirmed": f"ops explain {line}",
        "no_line": f"ops hour {line.of_hour}",
        "not_failed": f"ops hour {line.of_hour}",
    }
    step = steps.get(why.code)
    return Refused(f"{line}: {why}" + (f" ({step})" if step else ""))


def refuse_on_file(stage: OpenStage, line: LineId, quantity: Decimal) -> None:
    """Raises Refused where an open finding says that Marketplace has this quantity in the line's slot: its log may show
    a call after the line was confirmed as lost, and the units would be billed twice."""
    items = every_page(
        stage.table(tables.AUDIT).query,
        KeyConditionExpression="subject = :customer AND begins_with(#item, :slot)",
        ExpressionAttributeNames={"#item": "item"},
        ExpressionAttributeValues={
            ":customer": line.customer,
            ":slot": f"{PREFIX}{kinds.CALLS}#{hour_name(line.hour)}#{line.dimension}#",
        },
        ConsistentRead=True,
    )
    for item in items:
        finding = Finding.from_item(item)
        is_there = finding.kind in (kinds.ONLY_THERE, kinds.FOREIGN_CALL) and finding.theirs == text(quantity)
        if "findingState" in item and finding.dimension == line.dimension and is_there:
            raise Refused(
                f"{line}: Marketplace's log shows it with this quantity ({finding.kind}), so its units would be billed"
                f" twice: ops findings --customer {line.customer}"
            )


def write_once(stage: OpenStage, operations: Sequence[Operation], entry: Operation) -> None:
    """Write the operations and the audit entry in one transaction.

    Raises Refused where what they were worked out from has changed. A request whose answer is lost is sent again under
    its token (botocore makes one), so it is never done twice.
    """
    for attempt in range(TRIES):
        try:
            write(stage.dynamodb.meta.client, [*operations, entry])
        except Cancelled:
            raise Refused(
                "it has changed since it was read (a run, an answer, or another person), and nothing was done: run the"
                " same command again"
            ) from None
        except Contended:
            full_jitter(attempt)
        else:
            return
    raise Refused("the tables are too busy with this customer, and nothing was done: run the same command again")
