"""The rule book: every rule of AWS Marketplace's that a seller can meet here, as data.

Sources: see ``local.marketplace.rules``. Where they disagree, or are silent, a newer text of AWS's replaces an older
one; otherwise the reading is taken that hurts a seller more. ``disagreement`` says so. The page for
people is made of it: ``python -m local.marketplace.rule_book > docs/local-marketplace.md``.
"""

from local.marketplace.rule_book.answers import ANSWERS
from local.marketplace.rule_book.buyers import ENTITLEMENTS, REGISTRATION
from local.marketplace.rule_book.deduplication import DEDUPLICATION
from local.marketplace.rule_book.form import FORM
from local.marketplace.rule_book.identity import IDENTITY
from local.marketplace.rule_book.rule import Disagreement, Rule
from local.marketplace.rule_book.time_window import TIME_WINDOW
from local.marketplace.rule_book.wire import WIRE

CHAPTERS: dict[str, tuple[Rule, ...]] = {
    "The form of a BatchMeterUsage request": FORM,
    "Buyer, product, dimension": IDENTITY,
    "Time and subscription": TIME_WINDOW,
    "One record an hour": DEDUPLICATION,
    "Answers and quotas": ANSWERS,
    "ResolveCustomer": REGISTRATION,
    "GetEntitlements": ENTITLEMENTS,
    "The protocol": WIRE,
}
RULES: tuple[Rule, ...] = tuple(rule for chapter in CHAPTERS.values() for rule in chapter)

__all__ = ["CHAPTERS", "RULES", "Disagreement", "Rule"]
