"""Usage of an hour in every dimension, and where each unit of it is: the sums that have to hold whatever went wrong."""

from decimal import Decimal

from local.replay.buyers import Buyer
from local.replay.reckon import Stored
from local.run_report.schema import LEDGER_STATES
from tests.local.stage.acting import Acting

#: recorded by ``use`` for each buyer, beyond what any tier of stages/local.toml includes: a line in every dimension
USED = {
    "workflow_executions": Decimal(20),
    "active_users": Decimal(5),
    "data_processed_gb": Decimal("2.5"),
    "api_calls": Decimal(3400),
    "worklet_invocations": Decimal(9),
}
#: units that are not billed, and not for the buyer's own good reasons
OPEN = ("pending", "failed", "unconfirmed", "notSent")

Key = tuple[str, str]


def use(acting: Acting, *buyers: Buyer) -> str:
    """Record usage of each in every dimension, users whom nobody has seen before; the hour."""
    hour = acting.hour
    for buyer in buyers:
        names = [f"{hour}-{n}" for n in range(int(USED["active_users"]))]
        users = [acting.event(buyer, "active_users", user=name) for name in names]
        others = [acting.event(buyer, name, str(units)) for name, units in USED.items() if name != "active_users"]
        acting.record(*users, *others)
    return hour


def times(number: int, *buyers: Buyer) -> dict[Key, Decimal]:
    """What is recorded of each buyer after so many calls of ``use``."""
    return {(buyer.customer_identifier, name): number * units for buyer in buyers for name, units in USED.items()}


def accounts(acting: Acting, *buyers: Buyer) -> dict[Key, dict[str, Decimal]]:
    """Units by state, by customer and dimension. Fails if the sum over the states is not what was recorded."""
    states = Stored.of(acting.stage).states
    own = {buyer.customer_identifier for buyer in buyers}
    found: dict[Key, dict[str, Decimal]] = {}
    for key in sorted({key for units in states.values() for key in units if key[0] in own}):
        account = {name: units.get(key, Decimal(0)) for name, units in states.items()}
        assert account["recorded"] == sum(account[state] for state in LEDGER_STATES), (key, account)
        assert min(account.values()) >= 0, (key, account)
        found[key] = account
    return found


def billed_all(acting: Acting, recorded: dict[Key, Decimal], *buyers: Buyer, months: int = 1) -> None:
    """Fails unless exactly this was recorded, and all of it is billed but what the rules keep back.

    That is what the buyer's tier includes, in each of so many months, and what does not make a unit yet.
    """
    found = accounts(acting, *buyers)
    assert {key: account["recorded"] for key, account in found.items()} == recorded
    acting.billed(*buyers)
    tiers = {tier.name: tier.included for tier in acting.stage.product.tiers}
    included = {buyer.customer_identifier: tiers[buyer.tier] for buyer in buyers}
    for (customer, name), account in found.items():
        assert not any(account[state] for state in OPEN), (customer, name, account)
        assert account["included"] <= months * included[customer][name], (customer, name, account)
        assert account["remainder"] < acting.stage.settings.dimensions[name].scale, (customer, name, account)
