"""Whatever is lost of a buyer's notices, and in whatever order the rest arrives: with the searches, the row is the one
that no loss would have left.

Each of 10,000 seeded lives is played by the pure rules (``changes`` for a notice, ``derive`` for a search), without
tables: a licence with some agreements one after the other, of which each is renewed with the same licence, cancelled,
or runs; notices that are lost, repeated and shuffled; searches in between.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from buyer.agreements.derive import LATE, fact, follower_of, lost_notices, says_anything
from buyer.notices.changes import changes
from ledger.subscriber import Subscriber, from_item
from marketplace.agreements import Agreement
from marketplace.notice import Notice

LICENCE = "arn:aws:license-manager::444455556666:license:l-1"
OTHER = "arn:aws:license-manager::444455556666:license:l-2"
T0 = 1_794_700_800
HOUR = 3600
LIVES = 10_000


@dataclass
class Row:
    """A subscriber's item, changed as ``ledger.subscribers`` does."""

    item: dict[str, Any] | None = None

    @property
    def subscriber(self) -> Subscriber | None:
        return from_item(self.item) if self.item is not None else None

    def apply(self, notice: Notice) -> None:
        change = changes(self.subscriber, notice)
        item = {"customerIdentifier": "l-1", **(self.item or {}), **change.set}
        self.item = {name: value for name, value in item.items() if name not in change.remove}

    def search(self, known: Sequence[Agreement], now: float) -> None:
        for agreement in known:
            if LICENCE not in agreement.licences:
                continue
            found = lost_notices(
                agreement,
                LICENCE,
                self.subscriber,
                follower=follower_of(agreement, known),
                product_code="p",
                now=now,
            )
            for notice in found:
                self.apply(notice)
            if says_anything(agreement, self.subscriber) and self.item is not None:
                self.apply(fact(agreement, LICENCE, "p"))

    def shown(self) -> Any:
        """What decides money and access."""
        found = self.subscriber
        if found is None:
            return None
        return found.status, found.active_periods, found.accepts_until, found.agreement_id


@dataclass
class Life:
    """agreements: as they end up. events: (when, the notices of that moment)."""

    agreements: list[Agreement]
    events: list[tuple[int, list[Notice]]]

    def known(self, now: float) -> list[Agreement]:
        """As the API lists them at a moment."""
        return [_at(each, now) for each in self.agreements if (each.start or 0) <= now]


def life(rng: random.Random) -> Life:
    agreements: list[Agreement] = []
    events: list[tuple[int, list[Notice]]] = []
    start, number = T0 + rng.randrange(HOUR), 0
    while True:
        ends = start + rng.randrange(HOUR, 30 * HOUR)
        status = rng.choice(["RENEWED", "REPLACED", "CANCELLED", "EXPIRED", "TERMINATED", "ACTIVE", "other licence"])
        made = Agreement(
            id=f"agmt-{number}",
            status="RENEWED" if status == "other licence" else status,
            account_id="444455556666",
            initial_id="agmt-0",
            licences=(LICENCE,),
            start=float(start),
            end=float(ends) if status != "ACTIVE" else None,
            updated=float(ends if status != "ACTIVE" else start),
        )
        agreements.append(made)
        events.append((start, [_notice("start", start, made, "License Updated")]))
        if status == "ACTIVE":
            return Life(agreements, events)
        if status in ("CANCELLED", "EXPIRED", "TERMINATED", "other licence"):
            ended = [_notice("end", ends, made, "License Deprovisioned")]
            if status != "other licence":
                ended.append(_notice("end", ends, made, "Purchase Agreement Ended"))
            events.append((ends, ended))
            if status == "other licence":
                following = replace(
                    made,
                    id="agmt-x",
                    status="ACTIVE",
                    licences=(OTHER,),
                    start=float(ends),
                    end=None,
                    updated=ends + 0.0,
                )
                agreements.append(following)
            return Life(agreements, events)
        start, number = ends, number + 1


def _notice(kind: str, at: int, agreement: Agreement, action: str) -> Notice:
    return Notice(
        id=f"{action}|{agreement.id}",
        source="eventbridge",
        action=action,
        kind=kind,  # type: ignore[arg-type]
        at_ms=at * 1000,
        product_code="p",
        license_arn=LICENCE,
        license_id="l-1",
        agreement_id=agreement.id,
        account_id=agreement.account_id,
    )


def _at(agreement: Agreement, now: float) -> Agreement:
    """An agreement as the API has it at a moment: it runs until it has ended."""
    if agreement.status == "ACTIVE" or agreement.updated <= now:
        return agreement
    return replace(agreement, status="ACTIVE", updated=agreement.start or 0.0)


def played(plan: Life, rng: random.Random, *, loss: float, searches: int) -> Row:
    """The row after that life: each notice is lost, or arrives once or twice within some hours; and searches."""
    last = max(at for at, _ in plan.events)
    steps: list[tuple[float, int, Notice | None]] = []
    for at, notices in plan.events:
        for notice in notices:
            if rng.random() >= loss:
                steps += [(at + rng.uniform(0, 3 * HOUR), 0, notice) for _ in range(rng.choice((1, 1, 2)))]
    steps += [(T0 + rng.uniform(0, last - T0 + 3 * HOUR), 1, None) for _ in range(searches)]
    row = Row()
    for when, _, step in sorted(steps, key=lambda each: (each[0], each[1])):
        if step is None:
            row.search(plan.known(when), when)
        else:
            row.apply(step)
    end = last + 4 * HOUR + LATE
    row.search(plan.known(end), end)
    return row


def told_in_full(plan: Life) -> Row:
    """The row of a buyer none of whose notices was lost or late."""
    row = Row()
    for _, notices in plan.events:
        for notice in notices:
            row.apply(notice)
    return row


def lives(number: int) -> Iterator[tuple[int, Life, random.Random]]:
    for seed in range(number):
        rng = random.Random(seed)
        yield seed, life(rng), rng


def test_losses_and_searches_converge() -> None:
    kinds: set[str] = set()
    for seed, plan, rng in lives(LIVES):
        wanted = told_in_full(plan).shown()
        found = played(plan, rng, loss=rng.choice((0.0, 0.3, 0.7, 1.0)), searches=rng.randrange(6)).shown()
        assert found == wanted, seed
        kinds.add(f"{wanted[0]} after {len(plan.agreements)}")
    assert len(kinds) > 6, "the lives differ"


def test_without_searches_losses_do_not_converge() -> None:
    """The test above can fail."""
    differ = 0
    for _, plan, rng in lives(200):
        row = Row()
        for _, notices in plan.events:
            for notice in notices:
                if rng.random() > 0.5:
                    row.apply(notice)
        differ += row.shown() != told_in_full(plan).shown()
    assert differ > 50


def test_a_search_is_idempotent() -> None:
    for seed, plan, rng in lives(500):
        row = played(plan, rng, loss=0.5, searches=3)
        before = dict(row.item or {})
        now = max(at for at, _ in plan.events) + 40 * HOUR
        row.search(plan.known(now), now)
        assert row.item == before, seed
