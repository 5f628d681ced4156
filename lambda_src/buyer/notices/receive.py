"""What became of a notice, and the one way in which both queues of notices are worked off."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal, Protocol

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from buyer.notices import redact
from buyer.notices.rules import KEPT, Refusal
from ledger.notices import Notices
from marketplace.notice import Notice
from marketplace.notices import parse
from runtime import clock
from runtime.failure import described
from runtime.queued import Message, each_message

#: What became of a notice.
#: applied: it changed a subscriber. synced: its entitlements were fetched and stored. unchanged: it held nothing new.
#: waiting: it is kept until a subscriber is bound to its agreement. ignored: another queue's copy of it counts.
#: A refusal: it changed nothing.
Outcome = Literal["applied", "synced", "unchanged", "waiting", "ignored"] | Refusal


@dataclass(frozen=True)
class Received:
    """What became of a notice.

    customers: the customers that it is about, each with the status that it wrote, or with the tier that it holds now.
    why: a sentence for people: why the notice cannot be read, or why the stage's product code may be wrong.
    """

    outcome: Outcome
    customers: Mapping[str, str | None] = field(default_factory=dict)
    why: str | None = None


class Receiver(Protocol):
    """Works on the notices of one queue."""

    def receive(self, notice: Notice, body: str, now: float) -> Received:
        """Apply a notice. body: its message, for people where the notice changes nothing."""
        ...


def receive_all(
    event: Mapping[str, Any],
    receiver: Receiver,
    *,
    logger: Logger,
    metrics: Metrics,
    counted: Callable[[Notice, Received], Iterable[StrEnum]],
    failed: Callable[[Exception], Iterable[StrEnum]] = lambda _error: (),
) -> dict[str, Any]:
    """A batch of SQS's messages; the answer names those that failed, which come again and then are dead letters.

    counted, failed: the metrics that count a notice, and an error.
    """

    def count(names: Iterable[StrEnum]) -> None:
        for name in names:
            metrics.add_metric(name, MetricUnit.Count, 1)

    def receive(message: Message) -> None:
        try:
            now = clock.now()
            notice = parse(message.body, message_id=message.id, sent_ms=message.sent_ms)
            received = receiver.receive(notice, message.body, now)
        except Exception as error:
            logger.error("notice failed", messageId=message.id, **described(error))
            count(failed(error))
            raise
        logger.info(
            "notice",
            noticeId=notice.id,
            action=notice.action,
            source=notice.source,
            at=clock.iso(notice.at),
            agreement=notice.agreement_id,
            outcome=received.outcome,
            why=received.why,
            customers=dict(received.customers),
        )
        count(counted(notice, received))

    return each_message(event, receive)


def keep_refused(
    notices: Notices, notice: Notice, refusal: Refusal, *, body: str, now: float, why: str | None
) -> Received:
    """Keep a notice that is not applied for people, unless a foreign buyer's is none of this stage's business."""
    if refusal in KEPT:
        content = redact.content(body)
        notices.keep(notice.id, reason=refusal, at=notice.at, content=content, now=now, detail=why)
    return Received(refusal, why=why)
