"""The rows that both the page and the console show, each in its own form."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from local.run_report.extras import Check, CustomerFacts, Extras
from local.run_report.figures import billed_units, dimension_name, number, short, tier_name, unit_beside
from local.run_report.schema import ACCOUNT_FIELDS, Account, Run


@dataclass(frozen=True)
class Bill:
    """One customer's bill. units: billed units by dimension, after scaling, in the order of the columns."""

    key: str
    integration: str
    week: str
    tier: str
    cancelled: str
    units: tuple[Decimal, ...]

    @property
    def short_key(self) -> str:
        """The billing key without its middle."""
        return short(self.key)


@dataclass(frozen=True)
class Rows:
    """All rows of one run. dimensions: the columns, those of the stage first, by their names in run.json."""

    run: Run
    extras: Extras

    @property
    def dimensions(self) -> list[str]:
        """The dimensions that the run billed, those of the stage first, in its order."""
        totals = self.run.totals()
        return [name for name in self.extras.dimensions if name in totals] or list(totals)

    @property
    def columns(self) -> list[tuple[str, str]]:
        """For each dimension its name for people, and the unit that stands beside it."""
        return [(dimension_name(name), unit_beside(name, self.extras.dimensions.get(name))) for name in self.dimensions]

    @property
    def bills(self) -> list[Bill]:
        """One bill for each buyer, in the order of their weeks."""
        rows = []
        for customer in self.extras.in_order(self.run.buyers):
            key = customer.customerIdentifier
            facts = self.extras.customers.get(key, CustomerFacts(week=""))
            units = self._billed(customer.dimensions)
            rows.append(
                Bill(key, customer.integration, facts.week, tier_name(facts.tier), facts.cancelled or "", units)
            )
        return rows

    @property
    def billed(self) -> tuple[Decimal, ...]:
        """Billed units of all customers together, by dimension."""
        return self._billed(self.run.totals())

    @property
    def states(self) -> dict[str, list[Decimal]]:
        """For each state that occurs, the quantity by dimension before scaling."""
        accounts = [self.run.totals()[name] for name in self.dimensions]
        rows = {state: [getattr(account, state) for account in accounts] for state in ACCOUNT_FIELDS}
        return {state: quantities for state, quantities in rows.items() if any(quantities)}

    @property
    def checks(self) -> list[Check]:
        """The checks of the run, and last that nothing is unaccounted for."""
        missing = self.run.unaccounted
        last = Check(
            statement="No unit is unaccounted for.", holds=missing == 0, figures=f"{number(missing, 6)} unaccounted"
        )
        return [*self.extras.checks, last]

    @property
    def good(self) -> bool:
        """Whether every check holds."""
        return all(check.holds for check in self.checks)

    def _billed(self, accounts: Mapping[str, Account]) -> tuple[Decimal, ...]:
        return tuple(
            billed_units(accounts.get(name, Account()).billed, self.extras.dimensions.get(name))
            for name in self.dimensions
        )


def plural(count: int, noun: str) -> str:
    """``1 hour``, ``25 customers``."""
    return f"{number(count)} {noun if count == 1 else noun + 's'}"


def answers(answered: Mapping[str, int]) -> str:
    """``96 recorded, 4 refused``: how many events got each answer."""
    return ", ".join(f"{number(count)} {answer}" for answer, count in answered.items())
