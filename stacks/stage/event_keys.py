"""The keys of a stage file for what the vendor's app is told: ``[events]`` and ``[webhook]``."""

from stacks.stage.company_keys import HOST, PRINCIPAL
from stacks.stage.compound_kinds import Table, Texts, Wholes
from stacks.stage.kinds import Key, Text
from stacks.stage.settings import EventSettings, WebhookSettings

_EVENTS = Table(
    make=EventSettings,
    remedy="write it as a table: thresholds, queueReaders",
    keys={
        "thresholds": Key(
            # The balance counts what the allowance covers, so more than all of it is never reached.
            Wholes(1, 100, "list whole numbers from 1 to 100, for example [50, 90]", at_most=10),
            "Percents of an allowance at which the app is told, beside 80 and 100.",
            default=(),
        ),
        "queueReaders": Key(
            Texts(
                pattern=PRINCIPAL,
                remedy='list ARNs of IAM roles or users, for example ["arn:aws:iam::111122223333:role/app"]',
                values="list of ARNs of roles, users or accounts (`:root`)",
                at_most=20,
            ),
            "Who may take events from a FIFO queue, in which each customer's are in order; left out, there is none.",
            default=(),
        ),
    },
)

_WEBHOOK = Table(
    make=WebhookSettings,
    remedy="write it as a table: url",
    keys={
        "url": Key(
            Text(
                rf"https://{HOST}(:[0-9]{{1,5}})?(/[A-Za-z0-9._~%-]*)*",
                'set it to an https address, for example "https://app.your-company.com/aws-marketplace"',
                "https address, without a query",
            ),
            "Where the app takes events: by POST, signed, each customer's in order.",
        )
    },
)

EVENT_KEYS = {
    "events": Key(_EVENTS, "What the app is [told](events.md), beside what every app is.", default=EventSettings()),
    "webhook": Key(
        _WEBHOOK, "The app's [receiver](events.md#the-webhook) of events; left out, there is none.", default=None
    ),
}
