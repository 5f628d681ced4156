"""``ops export-buyer``: the personal data that the stage has of one buyer."""

from collections import Counter
from typing import Annotated, Any

import typer

from ops.answer import Answer, table, words
from ops.buyer.personal import CONTACT, hashed_events, marks, month_of_mark, subscriber_of
from ops.line_id import parse_customer
from ops.stage import OpenStage

Customer = Annotated[str, typer.Argument(help="a billing key")]


def export_buyer(stage: OpenStage, customer: Customer) -> Answer:
    """The personal data of one buyer: its contact, and how many hashes of its users are stored.

    It reads the contact, which no operator's role may: use an administrator's credentials.
    """
    subscriber = subscriber_of(stage, parse_customer(customer))
    contact = {name: subscriber[name] for name in CONTACT if name in subscriber}
    named = Counter(str(item["occurredAt"])[:7] for item in stage.watch(hashed_events(stage, customer), "events"))
    marked = Counter(" ".join(month_of_mark(item)) for item in stage.watch(marks(stage, customer), "marks"))
    data: dict[str, Any] = {
        "customer": customer,
        "contact": contact,
        "createdAt": subscriber.get("createdAt"),
        "eventsWithUserHash": dict(sorted(named.items())),
        "marksOfUsers": dict(sorted(marked.items())),
    }
    rows = [(name, contact.get(name)) for name in CONTACT]
    rows += [(f"events of {month} with a user's hash", number) for month, number in sorted(named.items())]
    rows += [(f"users of {what}", number) for what, number in sorted(marked.items())]
    shown = table(f"personal data of {customer}", ("what", "stored"), rows)
    return Answer(
        data=data,
        shown=[shown, words("docs/personal-data.md says where else personal data may be, and for how long.")],
        next=[f"ops erase-buyer {customer}: what can be erased of it"],
    )
