"""Sends usage as a careful sender does: in batches per customer, again when asked to, and keeps account of verdicts."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from local.cloud.http import Answer
from local.replay.patience import Patience, asks_again
from local.replay_plan import TaggedEvent, first_time, received
from local.stage import LocalStage

BATCH = 100
SENDERS = 6

#: (customerIdentifier, dimension)
AccountKey = tuple[str, str]
#: customerIdentifier and id
EventKey = tuple[str, str]
#: an event with the verdict on it
Told = tuple[TaggedEvent, dict[str, Any]]


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

    def __init__(self, stage: LocalStage, patience: Patience | None = None) -> None:
        self._stage = stage
        self._patience = patience or Patience()
        self.tally = Tally()
        self._kept_answers: list[Told] = []
        self._sent: set[EventKey] = set()

    def send(self, events: Sequence[TaggedEvent], advance: Callable[[int], None] = lambda _: None) -> None:
        """Send what is kept from before and these events: first those of the log, then what refers to them."""
        kept, self.tally.waiting, self._kept_answers = self.tally.waiting, [], []
        self._sent = {_key(tagged) for tagged in kept}
        for wave in ([*kept, *filter(first_time, events)], [e for e in events if not first_time(e)]):
            with ThreadPoolExecutor(SENDERS) as pool:
                try:
                    for answered in pool.map(self._send_batch, _batches(wave)):
                        self._note(answered)
                        advance(len(answered))
                except BaseException:
                    self._patience.stop()
                    raise

    def close(self) -> None:
        """No more is sent: what is still kept is noted as waiting."""
        for tagged, verdict in self._kept_answers:
            self.tally.add(tagged, verdict)

    def _note(self, answered: Iterable[Told]) -> None:
        for tagged, verdict in answered:
            if verdict["verdict"] == "retry_later":
                self.tally.waiting.append(tagged)
                self._kept_answers.append((tagged, verdict))
            else:
                self.tally.add(tagged, verdict)

    def _send_batch(self, batch: Sequence[TaggedEvent]) -> list[Told]:
        sending = _Sending(self._stage, batch, {_key(tagged) for tagged in batch} & self._sent)
        answer = self._patience.until_answered(sending.send, sending.asks_again)
        if answer.status != 200:
            raise SendingFailed(f"POST /usage was answered {answer.status}: {answer.text[:500]}")
        return [*sending.answered, *sending.busy]


class _Sending:
    """One batch, sent until each event has an answer: ``busy`` is one of the moment, for an event or all of a request.

    sent: the events that have been sent before and may have been recorded by that.
    """

    def __init__(self, stage: LocalStage, batch: Sequence[TaggedEvent], sent: set[EventKey]) -> None:
        self._stage = stage
        self._open = list(batch)
        self._sent = sent
        self.answered: list[Told] = []
        self.busy: list[Told] = []

    def send(self) -> Answer:
        body = {"events": [tagged["event"] for tagged in self._open]}
        answer = self._stage.api.call("POST", "/usage", body, caller=self._stage.usage_sender)
        tried = self._open
        if answer.status == 200:
            told = [
                (tagged, self._first_told(tagged, verdict))
                for tagged, verdict in zip(tried, answer.json["verdicts"], strict=True)
            ]
            self.answered += [(tagged, verdict) for tagged, verdict in told if verdict.get("reason") != "busy"]
            self.busy = [(tagged, verdict) for tagged, verdict in told if verdict.get("reason") == "busy"]
            self._open = [tagged for tagged, _ in self.busy]
        self._sent |= {_key(tagged) for tagged in tried}
        return answer

    def asks_again(self, answer: Answer) -> float | None:
        return 0.0 if answer.status == 200 and self.busy else asks_again(answer)

    def _first_told(self, tagged: TaggedEvent, verdict: dict[str, Any]) -> dict[str, Any]:
        """``duplicate`` of a first report whose former answer was none means: it was recorded by that request."""
        if verdict["verdict"] == "duplicate" and first_time(tagged) and _key(tagged) in self._sent:
            return verdict | {"verdict": "recorded"}
        return verdict


def _key(tagged: TaggedEvent) -> EventKey:
    return tagged["event"]["customerIdentifier"], tagged["event"]["id"]


def _batches(events: Iterable[TaggedEvent]) -> list[list[TaggedEvent]]:
    """Batches of one customer's events each, in their order."""
    by_customer: dict[str, list[TaggedEvent]] = defaultdict(list)
    for tagged in events:
        by_customer[tagged["event"]["customerIdentifier"]].append(tagged)
    return [own[start : start + BATCH] for own in by_customer.values() for start in range(0, len(own), BATCH)]
