"""The dead letters of metering: a copy of every failed line, sent by this reader of the failed index, and its alarm.

Both happen at least once: who ends a line may die before it can tell. The line itself stays in its record and in the
index until it is resolved; a copy may come twice, and dies with its queue. It names a line and carries no quantity:
whoever acts on it must read what the line is now.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING

from ledger.metering_record import MeteringRecord
from ledger.settlement import Settlement
from runtime.clock import iso

#: records of one run: after a bad day there may be more than a function's time is enough for; the next run goes on
MOST = 500

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient


def copy_failed(
    records: Iterable[MeteringRecord],
    sqs: "SQSClient",
    queue_url: str,
    settlement: Settlement,
    tell: Callable[[Mapping[str, int]], None],
) -> int:
    """Send a message for each failed line of these records that has none yet, of ``MOST`` records at most; how many.

    tell: counts the lines by verdict; when it returns, the counts are out. Records are marked after that, so that a
    crash in between sends and counts them again and loses none.
    """
    told: Counter[str] = Counter()
    copied = list(islice((each for each in records if each.copied_at != each.settle_version), MOST))
    for record in copied:
        for line in record.lines.values():
            if line.failed:
                body = {
                    "customerIdentifier": record.customer_identifier,
                    "hour": iso(record.hour),
                    "dimension": line.dimension,
                    "verdict": line.verdict,
                    "unconfirmed": line.unconfirmed,
                    "detail": line.detail,
                }
                sqs.send_message(QueueUrl=queue_url, MessageBody=json.dumps(body))
                told[str(line.verdict)] += 1
    if told:
        tell(told)
    for record in copied:
        settlement.copied(record)
    return told.total()
