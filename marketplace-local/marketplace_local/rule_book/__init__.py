"""The rule book: every rule of AWS Marketplace's that a seller can meet here, as data.

Sources: see ``marketplace_local.rules``. Where they disagree, or are silent, a newer text of AWS's replaces an older
one; otherwise the reading is taken that hurts a seller more. ``disagreement`` says so. The page for
people is made of it: ``python -m marketplace_local.rule_book > docs/local-marketplace.md``.
"""

from marketplace_local.rule_book.answers import ANSWERS
from marketplace_local.rule_book.buyers import ENTITLEMENTS, REGISTRATION
from marketplace_local.rule_book.deduplication import DEDUPLICATION
from marketplace_local.rule_book.form import FORM
from marketplace_local.rule_book.identity import IDENTITY
from marketplace_local.rule_book.rule import Disagreement, Rule
from marketplace_local.rule_book.time_window import TIME_WINDOW
from marketplace_local.rule_book.wire import WIRE

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
