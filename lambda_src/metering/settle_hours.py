"""State 5, settle: end what can no longer be sent, and take records whose lines have all ended out of the indexes."""

from collections.abc import Sequence

from botocore.exceptions import ClientError

from ledger.metering_record import MeteringRecord
from ledger.metering_records import MeteringRecords
from ledger.pending_page import RecordKey
from ledger.settlement import Settlement
from ledger.transaction import Contended
from metering.count import Count, nothing
from metering.mode import Mode
from metering.settle_line import LineSettler
from runtime import telemetry
from runtime.clock import Clock, iso
from runtime.failure import described

logger = telemetry.logger("metering")


def settle_hours(
    keys: Sequence[RecordKey],
    records: MeteringRecords,
    settlement: Settlement,
    clock: Clock,
    mode: Mode,
    count: Count = nothing,
) -> dict[str, int]:
    """Counts of lines ``expired`` and ``not_sent`` now, and of records ``tidied``; safe to repeat, also while another
    run settles.

    A line at its deadline that the stage's mode has held, and that was never attempted, was not sent by the stage's own
    setting. A verdict tidies its record itself; here it is done for a settler that died in between.
    """
    settler = LineSettler(settlement, clock, count)
    counts = {"expired": 0, "not_sent": 0, "tidied": 0}
    for record in records.get_many(keys):
        if record.state != "sealed":
            continue
        try:
            _settle(record, settler, mode, counts)
        except (ClientError, Contended) as error:
            logger.error(
                "hour not settled", customer=record.customer_identifier, hour=iso(record.hour), **described(error)
            )
    return counts


def _settle(record: MeteringRecord, settler: LineSettler, mode: Mode, counts: dict[str, int]) -> None:
    overdue = [line for line in record.lines.values() if not line.ended and settler.clock() >= line.deadline]
    held = not mode.sends(record.customer_identifier)
    for line in overdue:
        if held and settler.verdict(record, line, "not_sent", only_if_never_attempted=True):
            counts["not_sent"] += 1
        else:
            why = line.detail or line.verdict
            counts["expired"] += settler.verdict(record, line, "expired", detail=why)
    if not overdue:
        counts["tidied"] += settler.settlement.tidy(record)
