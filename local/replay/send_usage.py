"""Sends usage as a careful sender does: in batches per customer, again when asked to, with a tally of verdicts."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from local.cloud.http import Answer
from local.replay.patience import Patience, asks_again
from local.replay.units import AccountKey
from local.replay_plan import TaggedEvent, first_time, received
from local.stage import LocalStage

BATCH = 100
SENDERS = 6

#: (customerIdentifier, id)
EventKey = tuple[str, str]
#: An event and its verdict.
Judged = tuple[TaggedEvent, dict[str, Any]]


class SendingFailed(RuntimeError):
    """The usage API did not answer with verdicts; the message has its answer."""


@dataclass
class Tally:
    """The final verdicts: quantities by verdict and account, numbers of events by reason and by purpose and answer."""

    received: dict[AccountKey, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    by_verdict: dict[str, dict[AccountKey, Decimal]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(Decimal))
    )
    refusals: Counter[str] = field(default_factory=Counter)
    answers: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    #: Events that the sender keeps, because the verdict asks to send them again later.
    waiting: list[TaggedEvent] = field(default_factory=list)

    def add(self, tagged: TaggedEvent, verdict: dict[str, Any]) -> None:
        """Adds a final verdict."""
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
    """Sends events and adds their verdicts to ``tally``."""

    def __init__(self, stage: LocalStage, patience: Patience | None = None) -> None:
        self._stage = stage
        self._patience = patience or Patience()
        self.tally = Tally()
        self._kept_answers: list[Judged] = []
        self._sent: set[EventKey] = set()

    def send(self, events: Sequence[TaggedEvent], advance: Callable[[int], None] = lambda _: None) -> None:
        """Sends the waiting events and these: first those of the log, then those that refer to them.

        advance: receives the number of events in each answer. Raises SendingFailed.
        """
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
        """Adds the verdicts of the events that still wait, since nothing more is sent."""
        for tagged, verdict in self._kept_answers:
            self.tally.add(tagged, verdict)

    def _note(self, answered: Iterable[Judged]) -> None:
        for tagged, verdict in answered:
            if verdict["verdict"] == "retry_later":
                self.tally.waiting.append(tagged)
                self._kept_answers.append((tagged, verdict))
            else:
                self.tally.add(tagged, verdict)

    def _send_batch(self, batch: Sequence[TaggedEvent]) -> list[Judged]:
        sending = _Sending(self._stage, batch, {_key(tagged) for tagged in batch} & self._sent)
        answer = self._patience.until_answered(sending.send, sending.asks_again)
        if answer.status != 200:
            raise SendingFailed(f"POST /usage was answered {answer.status}: {answer.text[:500]}")
        return [*sending.answered, *sending.busy]


class _Sending:
    """One batch, which is sent until each event has a verdict other than ``busy``.

    sent: the events that were sent before and may have been recorded by that.
    """

    def __init__(self, stage: LocalStage, batch: Sequence[TaggedEvent], sent: set[EventKey]) -> None:
        self._stage = stage
        self._open = list(batch)
        self._sent = sent
        self.answered: list[Judged] = []
        self.busy: list[Judged] = []

    def send(self) -> Answer:
        body = {"events": [tagged["event"] for tagged in self._open]}
        answer = self._stage.api.call("POST", "/usage", body, caller=self._stage.usage_sender)
        tried = self._open
        if answer.status == 200:
            self.busy = []
            for tagged, verdict in zip(tried, answer.json["verdicts"], strict=True):
                judged = (tagged, self._first_verdict(tagged, verdict))
                (self.busy if verdict.get("reason") == "busy" else self.answered).append(judged)
            self._open = [tagged for tagged, _ in self.busy]
        self._sent |= {_key(tagged) for tagged in tried}
        return answer

    def asks_again(self, answer: Answer) -> float | None:
        return 0.0 if answer.status == 200 and self.busy else asks_again(answer)

    def _first_verdict(self, tagged: TaggedEvent, verdict: dict[str, Any]) -> dict[str, Any]:
        """Takes ``duplicate`` as ``recorded`` where an earlier request without an answer recorded the event."""
        if verdict["verdict"] == "duplicate" and first_time(tagged) and _key(tagged) in self._sent:
            return verdict | {"verdict": "recorded"}
        return verdict


def _key(tagged: TaggedEvent) -> EventKey:
    return tagged["event"]["customerIdentifier"], tagged["event"]["id"]


def _batches(events: Iterable[TaggedEvent]) -> list[list[TaggedEvent]]:
    """Batches of one customer's events each, in the given order."""
    by_customer: dict[str, list[TaggedEvent]] = defaultdict(list)
    for tagged in events:
        by_customer[tagged["event"]["customerIdentifier"]].append(tagged)
    return [own[start : start + BATCH] for own in by_customer.values() for start in range(0, len(own), BATCH)]
