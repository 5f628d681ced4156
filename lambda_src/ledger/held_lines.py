"""What a person decides about a line on hold, see ``ledger.hold``: release it, or never send it."""

from decimal import Decimal

from ledger.hold import HELD, RELEASED
from ledger.item_update import ItemUpdate
from ledger.line_verdict import LineVerdict
from ledger.metering_record import ENDED, RANK, VERDICT
from ledger.transaction import Operation

#: The verdict of a line on hold that a person refuses to bill: ``Settlement.operation(record, {dimension: REFUSED})``
#: stores it. It has the condition that no call was ever made with the line, and ``store_attempt`` refuses a line with
#: it, so that of a refusal and a call one alone succeeds. Nor does it end a line that another person has released, and
#: was told that it will be sent.
REFUSED = LineVerdict(
    verdict="not_sent", detail="refused while on hold", only_if_never_attempted=True, only_if_not_released=True
)


def release(table_name: str, customer_identifier: str, hour: int, dimension: str, *, by: str, now: float) -> Operation:
    """The operation that lets a line on hold go: the next run sends it.

    by: who decided, for example the ARN of the caller. Its condition fails for a line without a hold, for one that was
    released before, and for one that has ended.
    """
    change = ItemUpdate(table_name, {"customerIdentifier": customer_identifier, "timestamp": hour})
    held, released, verdict = HELD + dimension, RELEASED + dimension, VERDICT + dimension
    pending = change.compared(verdict, "rank", "<", min(RANK[ended] for ended in ENDED))
    change.when(change.equals("state", "sealed"), change.exists(held), change.absent(released))
    change.when(change.absent_or(verdict, pending))
    return change.set({released: {"at": Decimal(str(now)), "by": by}}).operation()
