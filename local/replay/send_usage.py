"""Sends usage as a careful sender does: in batches per customer, again when asked to, and keeps account of verdicts."""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from local.replay_plan import TaggedEvent, first_time, received
from local.stage import LocalStage

BATCH = 100
SENDERS = 6
TRIES = 6

#: (customerIdentifier, dimension)
AccountKey = tuple[str, str]


class SendingFailed(RuntimeError):
    """The usage API answered otherwise than with verdicts; the message has its answer."""


@dataclass
class Tally:
    """What the doors answered. Quantities by verdict and account; events by reason and by purpose with its answers."""

    received: dict[AccountKey, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    by_verdict: dict[str, dict[AccountKey, Decimal]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(Decimal))
    )
    refusals: Counter[str] = field(default_factory=Counter)
    answers: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    #: events that the sender keeps, because it was asked to send them again later
    waiting: list[TaggedEvent] = field(default_factory=list)

    def add(self, tagged: TaggedEvent, verdict: dict[str, Any]) -> None:
        """Note a final verdict."""
        body = tagged["event"]
        key = (body["customerIdentifier"], body["dimension"])
        quantity = received(tagged)
        self.received[key] += quantity
        self.by_verdict[verdict["verdict"]][key] += quantity
        reason = verdict.get("reason", "")
        if verdict["verdict"] == "refused":
            self.refusals[reason] += 1
        self.answers[tagged["purpose"]][f"{verdict['verdict']} {reason}".strip()] += 1


class UsageSender:
    """``tally`` holds the verdicts so far."""

    def __init__(self, stage: LocalStage) -> None:
        self._stage = stage
        self.tally = Tally()
        self._kept_answers: list[tuple[TaggedEvent, dict[str, Any]]] = []

    def send(self, events: Sequence[TaggedEvent], advance: Callable[[int], None] = lambda _: None) -> None:
        """Send what is kept from before and these events: first those of the log, then what refers to them."""
        kept, self.tally.waiting, self._kept_answers = self.tally.waiting, [], []
        for wave in ([*kept, *filter(first_time, events)], [e for e in events if not first_time(e)]):
            with ThreadPoolExecutor(SENDERS) as pool:
                for answered in pool.map(self._send_batch, _batches(wave)):
                    for tagged, verdict in answered:
                        if verdict["verdict"] == "retry_later":
                            self.tally.waiting.append(tagged)
                            self._kept_answers.append((tagged, verdict))
                        else:
                            self.tally.add(tagged, verdict)
                    advance(len(answered))

    def close(self) -> None:
        """No more is sent: what is still kept is noted as waiting."""
        for tagged, verdict in self._kept_answers:
            self.tally.add(tagged, verdict)

    def _send_batch(self, batch: Sequence[TaggedEvent]) -> list[tuple[TaggedEvent, dict[str, Any]]]:
        body = {"events": [tagged["event"] for tagged in batch]}
        for attempt in range(TRIES):
            answer = self._stage.api.call("POST", "/usage", body, caller=self._stage.usage_sender)
            if answer.status == 200:
                verdicts = answer.json["verdicts"]
                return [
                    (tagged, _first_told(tagged, verdict) if attempt else verdict)
                    for tagged, verdict in zip(batch, verdicts, strict=True)
                ]
            if answer.status not in (429, 503):
                break
            time.sleep(0.1 * 2**attempt)  # the same request again: what was recorded is found
        raise SendingFailed(f"POST /usage was answered {answer.status}: {answer.text[:500]}")


def _first_told(tagged: TaggedEvent, verdict: dict[str, Any]) -> dict[str, Any]:
    """After a request that was not answered, ``duplicate`` of a first report means: it was recorded by that request."""
    if verdict["verdict"] == "duplicate" and first_time(tagged):
        return verdict | {"verdict": "recorded"}
    return verdict


def _batches(events: Iterable[TaggedEvent]) -> list[list[TaggedEvent]]:
    """Batches of one customer's events each, in their order."""
    by_customer: dict[str, list[TaggedEvent]] = defaultdict(list)
    for tagged in events:
        by_customer[tagged["event"]["customerIdentifier"]].append(tagged)
    return [own[start : start + BATCH] for own in by_customer.values() for start in range(0, len(own), BATCH)]
