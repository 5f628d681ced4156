"""State 5, settle: end the lines that can no longer be sent, and take ended records out of the indexes."""

from collections.abc import Sequence

from botocore.exceptions import ClientError

from ledger.line_verdict import LineVerdict
from ledger.metering_record import MeteringRecord
from ledger.metering_records import MeteringRecords
from ledger.reading import RecordKey
from ledger.transaction import Contended
from metering.run import Mode, confined_to_hour
from metering.settle.settle_lines import LineSettler
from runtime import telemetry
from runtime.clock import iso
from runtime.failure import described

NEVER_SENT = LineVerdict(verdict="not_sent", only_if_never_attempted=True)

logger = telemetry.logger("metering")


def settle_hours(
    keys: Sequence[RecordKey], records: MeteringRecords, settler: LineSettler, mode: Mode
) -> dict[str, int]:
    """Counts of lines that end ``expired`` and ``not_sent`` now, and of records ``tidied``.

    Safe to repeat, also while another run settles. A line at its deadline ends ``not_sent`` if the mode holds it and it
    was never attempted. A verdict tidies its record itself; here the records of settlers that crashed are tidied.
    """
    counts = {"expired": 0, "not_sent": 0, "tidied": 0}
    for record in records.get_many(keys):
        if record.state != "sealed":
            continue
        try:
            with confined_to_hour(record.customer_identifier, record.hour, settler.count):
                _settle_record(record, settler, mode, counts)
        except (ClientError, Contended) as error:
            logger.error(
                "hour not settled", customer=record.customer_identifier, hour=iso(record.hour), **described(error)
            )
    return counts


def _settle_record(record: MeteringRecord, settler: LineSettler, mode: Mode, counts: dict[str, int]) -> None:
    overdue = {n: line for n, line in record.lines.items() if not line.ended and settler.clock() >= line.deadline}
    held = not mode.sends(record.customer_identifier)
    for dimension, line in overdue.items():
        if held and settler.settle(record, dimension, NEVER_SENT):
            counts["not_sent"] += 1
        else:
            expired = LineVerdict(verdict="expired", detail=line.detail or line.verdict)
            counts["expired"] += settler.settle(record, dimension, expired)
    if not overdue:
        counts["tidied"] += settler.settlement.tidy(record)
