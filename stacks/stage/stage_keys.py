"""The keys of ``stages/<name>.toml``: what differs between deployments."""

from decimal import Decimal
from typing import Any

from marketplace.billing_identity import BILLING_KEY
from marketplace.regions import METERING_REGIONS
from metering.seal.unusual_settings import UnusualSettings
from stacks.stage.agreements_keys import AGREEMENTS_KEYS
from stacks.stage.archive_keys import ARCHIVE_KEYS
from stacks.stage.branding_keys import BRANDING_KEYS
from stacks.stage.company_keys import COMPANY_KEYS
from stacks.stage.compound_kinds import Quantities, Table, Texts
from stacks.stage.email_keys import EMAIL_KEYS
from stacks.stage.engine_keys import ENGINE_KEYS
from stacks.stage.event_keys import EVENT_KEYS
from stacks.stage.kinds import Amount, Flag, Key, OneOf, Text, Whole
from stacks.stage.living_keys import LIVING_KEYS
from stacks.stage.reconciliation_keys import RECONCILIATION_KEYS
from stacks.stage.registration_keys import REGISTRATION_KEYS
from stacks.stage.settings import AlarmSettings

METERING_MODES = ("off", "dry-run", "test-buyers", "live")
NOTICES_OF = ("everybody", "test-accounts")
#: Lambda drops lines below the level, and lines without one (the metrics among them) count as INFO.
LOG_LEVELS = ("DEBUG", "INFO")
#: CloudWatch Logs accepts these numbers of days only (PutRetentionPolicy).
LOG_RETENTION_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288)
#: EventBridge takes patterns of 2,048 characters (Amazon EventBridge quotas); ours names event types as well.
MOST_TEST_ACCOUNTS = 20
E_MAIL = r"[^@\s,;<>]+@[^@\s,;<>]+\.[A-Za-z]{2,}"
TOPIC_ARN = "arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}"

_ROUTES = Texts(
    pattern=f"{E_MAIL}|{TOPIC_ARN}",
    remedy='list e-mail addresses and SNS topic ARNs, for example ["billing-oncall@your-company.com"]',
    values="list of e-mail addresses and topic ARNs",
)
_ALARMS = Table(
    make=AlarmSettings,
    remedy="add an [alarms] table",
    keys={
        "page": Key(
            _ROUTES,
            "Who is woken. Required when live. A topic reaches alarms of its own Region only; e-mail reaches all.",
        ),
        "ticket": Key(_ROUTES, "Who is notified for the next working day."),
        "oldestPendingHourTicketHours": Key(
            Whole(2, 22),
            "Age of the oldest pending hour that opens a ticket. Marketplace takes an hour for 24 hours.",
            field="ticket_at_hours",
        ),
        "oldestPendingHourPageHours": Key(
            Whole(2, 22),
            "Age of the oldest pending hour that wakes people; later than the ticket.",
            field="page_at_hours",
        ),
        "atRiskMoneyPage": Key(
            Amount("set it to an amount, for example 500, or leave it out"),
            "Usage at risk, at list prices, that wakes people whatever its age; left out: never.",
            field="page_at_money",
            default=None,
        ),
    },
)


def _unusual(*, times: int | Decimal, at_least: int | Decimal, **others: Any) -> UnusualSettings:
    return UnusualSettings(times=Decimal(times), at_least=Decimal(at_least), **others)


_UNUSUAL = Table(
    make=_unusual,
    remedy="write it as a table, or leave it out",
    keys={
        "times": Key(
            Amount("set it to a number, for example 5"),
            "An hour is unusual above so many times what the customer usually uses at that time ([operations.md]"
            "(operations.md#an-unusual-hour)).",
            default=5,
        ),
        "atLeast": Key(
            Amount("set it to an amount, for example 100"),
            "Only lines of so much money, at list prices, are looked at.",
            default=100,
        ),
        "atLeastUnits": Key(
            Quantities("give dimensions a number of recorded units, or -1 for never", "`{ <dimension> = <units>, … }`"),
            "Recorded units of a dimension from which its lines are looked at, in place of money; -1: never. A"
            " dimension without a price is looked at only if it is named here.",
            default={},
        ),
        "hold": Key(
            Flag(),
            "Whether an unusual line waits for a person. It is sent all the same two hours before its deadline.",
            default=False,
        ),
    },
)

STAGE_KEYS = {
    "account": Key(
        Text(
            "[0-9]{12}",
            'set it to the 12 digits of the AWS account that this stage belongs to, for example "111122223333"',
            "12 digits",
        ),
        "The AWS account of this stage. Credentials of another one are refused. Required when `meteringMode` is"
        " `test-buyers` or `live`.",
        default=None,
    ),
    "region": Key(
        OneOf(METERING_REGIONS, "a Region of Marketplace metering"),
        "Where everything is, and where usage is metered. Never change it: AWS deduplicates per Region.",
    ),
    "suffix": Key(
        Text(
            "(-[a-z0-9-]{1,15})?",
            'start it with "-" (at most 16 of a-z, 0-9, "-"), or leave it "" in production',
            '`""` or `-…`',
        ),
        "The end of the tables' names. Never change it: other names are other, empty tables.",
    ),
    "meteringMode": Key(
        OneOf(METERING_MODES),
        "Whether BatchMeterUsage is called, and for whom. `dry-run` does everything but the call. You may change"
        " it at any time.",
    ),
    "testBuyers": Key(
        Texts(
            pattern=BILLING_KEY.pattern,
            remedy='list billing keys, for example ["l-0123456789abcdef"], or []',
            values="list of billing keys",
        ),
        'The customers whose usage `meteringMode = "test-buyers"` sends.',
    ),
    "noticesOf": Key(
        OneOf(NOTICES_OF),
        "Whose notices the stage takes. Live: everybody's. Before: those of test accounts. A stage that keeps its"
        " data and is not live must say it: `everybody` once real buyers have come to it, or it loses the starts and"
        " ends that arrive while it is in `dry-run`.",
        default=None,
    ),
    "testAccounts": Key(
        Texts(
            pattern="[0-9]{12}",
            remedy=f'list at most {MOST_TEST_ACCOUNTS} AWS accounts by their 12 digits, for example ["111122223333"]',
            values=f"list of at most {MOST_TEST_ACCOUNTS} accounts",
            at_most=MOST_TEST_ACCOUNTS,
        ),
        "The AWS accounts whose notices a stage takes that is not live; it leaves real buyers' notices alone.",
        default=(),
    ),
    "sealDelayMinutes": Key(
        Whole(1, 50), "How many minutes after the full hour late events still reach it; then the hour is metered."
    ),
    "marketplaceCallsPerSecond": Key(
        Whole(1, 10),
        "Calls of BatchMeterUsage a second. AWS allows 10 per account and Region, for all stages together.",
        field="calls_per_second",
    ),
    "submitConcurrency": Key(Whole(1, 10), "Copies of the submitter that share that rate."),
    "pendingShards": Key(
        Whole(1, 16), "Partitions of the pending hours: more than 1 from about 1,000 new customer-hours a second on."
    ),
    "requestsPerSecond": Key(Whole(1, 10_000), "Requests a second that the API takes."),
    "requestBurst": Key(Whole(1, 5_000), "Requests that the API takes at once; at least `requestsPerSecond`."),
    "publicConcurrency": Key(
        Whole(1, 1_000),
        "Copies of each public function at most, so that the rest of the account is for usage and metering; left"
        " out, it shares the account's.",
        default=None,
    ),
    "tableReadUnits": Key(
        Whole(1, 40_000),
        "Reads a second of each table and index at most: a ceiling for what a runaway sender costs. Left out: none.",
        default=None,
    ),
    "tableWriteUnits": Key(
        Whole(1, 40_000), "Writes a second of each table and index at most. Left out: none.", default=None
    ),
    "waitingUsageSeconds": Key(
        Whole(1, 900),
        "How many seconds queued usage of a customer who is not active yet waits for its next try.",
        default=900,
    ),
    "logLevel": Key(OneOf(LOG_LEVELS), "The functions' log level."),
    "logRetentionDays": Key(
        OneOf(LOG_RETENTION_DAYS, "days that CloudWatch Logs takes"), "Days that all log groups keep lines."
    ),
    "removalPolicy": Key(
        OneOf(("retain", "destroy")),
        "`retain`: tables, archive, queues and logs outlive their stacks, and tables and stacks refuse deletion."
        " Required when live.",
        field="keep_data",
    ),
    "movableClock": Key(Flag(), "For the local cloud only; such a stage never goes to AWS.", default=False),
    "alarms": Key(_ALARMS, "Who is notified, of what, and when."),
    "unusual": Key(
        _UNUSUAL, "Which hours are far above a customer's usual, and what becomes of them.", default=UnusualSettings()
    ),
    **ARCHIVE_KEYS,
    **RECONCILIATION_KEYS,
    **EVENT_KEYS,
    **AGREEMENTS_KEYS,
    **BRANDING_KEYS,
    **REGISTRATION_KEYS,
    **EMAIL_KEYS,
    **LIVING_KEYS,
    **COMPANY_KEYS,
    **ENGINE_KEYS,
}
