"""All customers of the ledger, page by page."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, TypeVar

from ledger.subscribers import Subscribers

#: In the order in which a subscription goes through them, so that one that changes meanwhile is met twice, not missed.
STATUSES = ("pending", "active", "failed", "expired", "pending_cancellation", "final_metering", "cancelled")
#: What one BatchGetItem takes.
PAGE = 100

#: Where to go on: a status, and the index's key in it.
Cursor = dict[str, Any]


Each = TypeVar("Each")


def in_pages(every: Iterable[Each]) -> Iterator[tuple[Each, ...]]:
    """Whatever there is, at most ``PAGE`` at a time."""
    rest = iter(every)
    while page := tuple(islice(rest, PAGE)):
        yield page


def pages(subscribers: Subscribers, cursor: Cursor | None = None) -> Iterator[tuple[list[str], Cursor]]:
    """Billing keys, at most ``PAGE`` at a time, with the cursor of the next page; an empty one: this was the last.

    The index is eventually consistent.
    """
    first = STATUSES.index(cursor["status"]) if cursor else 0
    after = cursor.get("after") if cursor else None
    for number, status in enumerate(STATUSES[first:], first):
        while True:
            keys, after = subscribers.page_with_status(status, after, PAGE)
            if after is not None:
                following: Cursor = {"status": status, "after": after}
            else:
                following = {"status": STATUSES[number + 1]} if number + 1 < len(STATUSES) else {}
            yield keys, following
            if after is None:
                break
