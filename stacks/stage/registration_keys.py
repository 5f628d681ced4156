"""The keys of a stage file for the registration's form, and for the way on into the app: ``[registration]``,
``[handover]``."""

from typing import Any

from buyer.registration.contact import ASKED, ASKED_BY_DEFAULT, FIELDS
from stacks.stage.compound_kinds import Table, Texts
from stacks.stage.kinds import Key, OneOf, Text, Whole
from stacks.stage.settings import Handover, Registration

#: Of a machine's own addresses the first form is refused later, except for the local stage.
_ADDRESS = r"(https://|http://127\.0\.0\.1:)[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]{0,200})?"


def _registration(*, confirm_within_minutes: int, **asked: Any) -> Registration:
    return Registration(asked=asked, confirm_within_seconds=confirm_within_minutes * 60)


_REGISTRATION = Table(
    make=_registration,
    remedy="write it as a table: email, company, name, confirmWithinMinutes",
    keys={
        **{
            name: Key(OneOf(ASKED), f"Whether the form asks for the buyer's {words}.", default=ASKED_BY_DEFAULT[name])
            for name, words in zip(FIELDS, ("e-mail address", "company", "name"), strict=True)
        },
        "confirmWithinMinutes": Key(
            Whole(15, 1440),
            "Within so many minutes AWS Marketplace confirms a subscription, as a rule. Later, the page says that"
            " people look into it, and `[email]` tells them.",
            default=60,
        ),
    },
)

_HANDOVER = Table(
    make=Handover,
    remedy="write it as a table: url",
    keys={
        "url": Key(
            Text(_ADDRESS, "set it to the https address of your app that takes hand-overs", "https address"),
            "The address of your app to which the page posts a registered buyer's hand-over; its audience, too.",
        ),
        "redirects": Key(
            Texts(
                pattern=r"https://[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?",
                remedy='list origins, for example ["https://login.your-company.com"], or leave it out',
                values="list of origins",
                at_most=5,
            ),
            "Further origins to which your app may send the browser on from there; browsers refuse others.",
            default=(),
        ),
    },
)

REGISTRATION_KEYS = {
    "registration": Key(
        _REGISTRATION,
        "What the registration page asks for; with every field `off` it has one button.",
        default=Registration(asked=ASKED_BY_DEFAULT),
    ),
    "handover": Key(
        _HANDOVER, "How a registered buyer goes on [into your app](handover.md). Left out: it does not.", default=None
    ),
}
