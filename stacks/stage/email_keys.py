"""The keys of a stage file for the mails about buyers, and to them: ``[email]``."""

from stacks.stage.compound_kinds import Table, Texts
from stacks.stage.kinds import Key, Text
from stacks.stage.settings import Email

_ADDRESS = r"[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9.-]{1,190}\.[A-Za-z]{2,}"

_EMAIL = Table(
    make=Email,
    remedy="write it as a table: vendor, buyerFrom",
    keys={
        "vendor": Key(
            Texts(
                pattern=_ADDRESS,
                remedy='list e-mail addresses, for example ["sales@your-company.com"]',
                values="list of e-mail addresses",
                at_least=1,
                at_most=10,
            ),
            "Who is told of new buyers, unconfirmed registrations, refused hand-overs and cancellations. Each address"
            " confirms its subscription once.",
        ),
        "buyerFrom": Key(
            Text(
                _ADDRESS, "set it to an address of an identity that Amazon SES has verified, or leave it out", "address"
            ),
            "The sender of mails to buyers, of an identity (the address, or its domain) that Amazon SES has verified in"
            " the stage's Region. Left out: buyers get none.",
            default=None,
        ),
    },
)

EMAIL_KEYS = {"email": Key(_EMAIL, "Mails about buyers, and to them. Left out: none.", default=None)}
