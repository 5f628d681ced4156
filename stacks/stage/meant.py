"""What a stage file cannot mean: keys that are good by themselves and lose money, or say nothing, together. Pure."""

from collections.abc import Iterator
from typing import NamedTuple

from marketplace.dimensions import to_json as dimensions_json
from marketplace.tiers import UNLIMITED, Tier
from marketplace.tiers import to_json as tiers_json
from stacks.stage.settings import Stage
from usage.reporters import to_json as reporters_json

#: of the 4,096 bytes of a function's environment variables (Lambda quotas), for what grows with the stage file; the
#: rest is for the others, whose names and ARNs are known in a deployment only
MOST_OF_ENVIRONMENT = 3_000
#: EventBridge takes patterns of 2,048 characters (Amazon EventBridge quotas); ours names event types as well
MOST_TEST_ACCOUNTS = 20
#: RFC 2606 keeps these for examples: mail to them reaches nobody
PLACEHOLDERS = ("@example.com", "@example.org", "@example.net", ".example", ".invalid", ".test")
#: which way of delivery tells of whose life: SNS names legacy customers, EventBridge names licences
NEEDED_NOTICES = {"license": ("eventbridge",), "legacy": ("sns",), "mixed": ("eventbridge", "sns")}


class Fault(NamedTuple):
    """A key, what is wrong with it, and the remedy, as ``Section.fault`` takes them."""

    key: str
    what: str
    remedy: str


def faults(stage: Stage) -> Iterator[Fault]:
    """All that contradicts itself, the gravest first."""
    # the stage of the local cloud bills nobody and pages nobody
    if stage.is_live and not stage.movable_clock:
        yield from _live(stage)
    yield from _mode(stage)
    if stage.metering_mode in ("test-buyers", "live") and not stage.movable_clock and stage.account is None:
        yield Fault(
            "account",
            "is missing",
            f'meteringMode = "{stage.metering_mode}" calls AWS Marketplace: name the account that this may happen in',
        )
    yield from _seller(stage)
    yield from _product(stage)
    yield from _alarms(stage)
    yield from _limits(stage)


def _live(stage: Stage) -> Iterator[Fault]:
    if not stage.alarms.page:
        yield Fault("alarms.page", "is empty", "a live stage needs somebody who is woken: name an address or a topic")
    if not stage.takes_all_notices:
        yield Fault("noticesOf", 'is "test-accounts"', "a live stage bills everybody: remove it")
    if not stage.keep_data:
        yield Fault("removalPolicy", 'is "destroy"', 'a live stage keeps its ledger: set it to "retain"')
    for key, routes in (("alarms.page", stage.alarms.page), ("alarms.ticket", stage.alarms.ticket)):
        for route in routes:
            if route.endswith(PLACEHOLDERS):
                yield Fault(key, f"holds the placeholder {route!r}", "name an address that somebody reads")


def _mode(stage: Stage) -> Iterator[Fault]:
    if stage.metering_mode == "test-buyers" and not stage.test_buyers:
        yield Fault("testBuyers", "is empty", 'list the billing keys to send for, or set meteringMode = "dry-run"')
    if stage.movable_clock and stage.keep_data:
        yield Fault("movableClock", "is true on a stage that keeps its data", "remove it: it is for local runs only")
    for way in NEEDED_NOTICES[stage.integration]:
        if way not in stage.notices:
            yield Fault(
                "notices",
                f"leaves out {way!r}",
                f'integration = "{stage.integration}" learns of its buyers by it: add it',
            )


def _seller(stage: Stage) -> Iterator[Fault]:
    if stage.seller_role_arn and stage.account is None:
        yield Fault(
            "account",
            "is missing",
            "the role in sellerRoleArn lets this account in, and is told by it from the seller's own: name it",
        )
    if stage.seller_account and "sns" in stage.notices:
        yield Fault(
            "notices",
            f"hold 'sns', and sellerRoleArn is of another account, {stage.seller_account}",
            'AWS Marketplace lets the seller\'s account alone subscribe to its topics: use notices = ["eventbridge"],'
            " or deploy into the seller's account",
        )


def _product(stage: Stage) -> Iterator[Fault]:
    if not stage.has_contracts and any(tier.included for tier in stage.tiers):
        yield Fault(
            "tiers",
            f'include usage, and pricingModel = "{stage.pricing_model}" has no contracts that could hold them',
            'set pricingModel = "contract-with-consumption", or tiers = []',
        )
    for lower, higher in zip(stage.tiers, stage.tiers[1:], strict=False):
        if _includes_more(lower, higher):
            yield Fault(
                "tiers",
                f"are not lowest first: {lower.name!r} includes more than {higher.name!r}, which stands after it",
                "put them in order: the last that a buyer holds counts",
            )


def _includes_more(one: Tier, other: Tier) -> bool:
    """Whether a tier includes at least as much of everything, and more of something."""
    pairs = [(_size(one, name), _size(other, name)) for name in {*one.included, *other.included}]
    return all(a >= b for a, b in pairs) and any(a > b for a, b in pairs)


def _size(tier: Tier, dimension: str) -> float:
    included = tier.included.get(dimension, 0)
    return float("inf") if included == UNLIMITED else float(included)


def _alarms(stage: Stage) -> Iterator[Fault]:
    alarms = stage.alarms
    if alarms.page_at_money is not None and not any(each.price for each in stage.dimensions.values()):
        yield Fault(
            "alarms.atRiskMoneyPage",
            "can never be reached: no dimension has a price",
            "give the dimensions their list prices, or leave it out",
        )
    if alarms.page_at_hours <= alarms.ticket_at_hours:
        yield Fault(
            "alarms.oldestPendingHourPageHours",
            f"is {alarms.page_at_hours} and the ticket comes at {alarms.ticket_at_hours} hours",
            "let the page come later than the ticket",
        )


def _limits(stage: Stage) -> Iterator[Fault]:
    if stage.request_burst < stage.requests_per_second:
        yield Fault(
            "requestBurst",
            f"is {stage.request_burst} and requestsPerSecond is {stage.requests_per_second}",
            "set it to at least one second's requests: the burst is what API Gateway takes at once",
        )
    if len(stage.test_accounts) > MOST_TEST_ACCOUNTS:
        yield Fault(
            "testAccounts",
            f"are {len(stage.test_accounts)}, and the pattern of an event rule has room for {MOST_TEST_ACCOUNTS}",
            "name fewer",
        )
    for key, what, size in _environment(stage):
        if size > MOST_OF_ENVIRONMENT:
            yield Fault(
                key,
                f"{what} take {size} of the {MOST_OF_ENVIRONMENT} bytes that functions have for them",
                "name fewer, or include less by name in the tiers",
            )


def _environment(stage: Stage) -> Iterator[tuple[str, str, int]]:
    """What functions get of the stage file, by function: the key to blame, what it is, and its bytes."""
    dimensions = len(dimensions_json(stage.dimensions).encode())
    tiers = len(tiers_json(stage.tiers).encode())
    buyers = len(",".join(stage.test_buyers).encode())
    accounts = len(",".join(stage.test_accounts).encode())
    reporters = len(reporters_json(stage.reporters).encode())
    yield "dimensions", "and tiers", dimensions + tiers
    yield "testBuyers", "with dimensions and tiers", dimensions + tiers + buyers
    yield "testAccounts", "with testBuyers and tiers", tiers + accounts + buyers
    yield "reporters", "with dimensions", dimensions + reporters
