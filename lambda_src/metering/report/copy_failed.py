"""Copies of failed lines: the report sends every failed line of the index to the queue FailedLines, and counts it.

They are made from the index and not by the settler, which may crash after storing a verdict. A crash here repeats them,
so a line may be copied and counted twice. The line itself stays in its record and in
the index until it is resolved. A copy names the line and carries no quantity, since its reader must look up what the
line is by then.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING

from ledger.metering_record import MeteringRecord
from ledger.settlement import Settlement
from runtime.clock import iso

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient

#: The most records of one run: after a bad day a function's time may not be enough for all. The next run continues.
MOST = 500


def copy_failed(
    records: Iterable[MeteringRecord],
    sqs: "SQSClient",
    queue_url: str,
    settlement: Settlement,
    count_failed: Callable[[Mapping[str, int]], None],
) -> int:
    """Send a message for each failed line that has none yet, of at most ``MOST`` records. Returns their number.

    count_failed: publishes the lines' number by verdict before it returns. The records are marked after that, so that a
    crash in between sends and counts lines again and loses none.
    """
    sent: Counter[str] = Counter()
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
                sent[str(line.verdict)] += 1
    if sent:
        count_failed(sent)
    for record in copied:
        settlement.copied(record)
    return sent.total()
