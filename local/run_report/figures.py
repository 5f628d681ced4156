"""Figures and words as the page and the console write them."""

from decimal import ROUND_HALF_UP, Decimal

from local.run_report.extras import DimensionFacts

#: Names of run.json's states for people, in the order of a unit's path.
STATE_NAMES = {
    "received": "received",
    "refused": "refused",
    "repeatedEvents": "sent again",
    "waiting": "waiting",
    "recorded": "recorded",
    "billed": "billed",
    "included": "included",
    "repeatedUsers": "users seen before",
    "remainder": "remainder",
    "pending": "pending",
    "failed": "failed",
    "unconfirmed": "unconfirmed",
    "notSent": "not sent",
}
STATE_COLOURS = {
    "billed": "#1f6f8b",
    "included": "#7fb7a3",
    "repeatedUsers": "#b7d3c6",
    "remainder": "#e8c468",
    "pending": "#f0a35e",
    "failed": "#c8553d",
    "unconfirmed": "#8d5a97",
    "notSent": "#8a8f98",
    "waiting": "#9db4d6",
    "repeatedEvents": "#c9ccd3",
    "refused": "#dd9a8b",
}
TIMES = "\N{MULTIPLICATION SIGN}"
DIMENSION_COLOURS = ("#1f6f8b", "#e8a33d", "#7fb7a3", "#8d5a97", "#c8553d", "#5b7db1", "#9a8c5a", "#6b7280")


def number(quantity: Decimal | int, decimals: int = 2) -> str:
    """``12,345.67``: with separators, rounded, without trailing zeros; ``<0.01`` instead of a false 0."""
    exact = Decimal(quantity)
    step = Decimal(1).scaleb(-decimals)
    rounded = exact.quantize(step, ROUND_HALF_UP)
    if rounded == 0 and exact != 0:
        return f"<{step}" if exact > 0 else f">-{step}"
    text = f"{rounded:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def billed_units(recorded_units: Decimal, facts: DimensionFacts | None) -> Decimal:
    """The billed units of recorded units: 2,000 calls at a scale of 1,000 are 2."""
    return recorded_units / facts.scale if facts else recorded_units


def unit_name(facts: DimensionFacts | None) -> str:
    """The name of billed units, as it follows their number: ``GB``, or ``TIMES`` and ``1,000 calls``."""
    if facts is None:
        return "unit"
    plural = facts.unit if facts.unit.isupper() or facts.unit.endswith("s") else f"{facts.unit}s"
    return plural if facts.scale == 1 else f"{TIMES} {facts.scale:,} {plural}"


def unit_beside(name: str, facts: DimensionFacts | None) -> str:
    """The same beside the dimension's name, without a word that the name has: ``TIMES`` and ``1,000`` for API calls."""
    words = unit_name(facts).split(" ")
    repeated = dimension_name(name).lower().endswith(words[-1].lower())
    return " ".join(words[:-1] if repeated else words)


def mix_in_name(purpose: str) -> str:
    """``refusal: id_reused``, ``after cancelling``. A reason keeps its form, because programs compare it."""
    kind, colon, reason = purpose.partition(":")
    return f"{kind}: {reason}" if colon else kind.replace("_", " ")


def dimension_name(name: str) -> str:
    """The name for people: ``API calls`` for ``api_calls``."""
    words = name.split("_")
    return " ".join(word.upper() if word in ("api", "gb", "gpu") else word for word in words)


def short(identifier: str) -> str:
    """A long billing key without its middle: ``l-543db6…76714e8``."""
    return identifier if len(identifier) <= 17 else f"{identifier[:8]}…{identifier[-8:]}"


def tier_name(tier: str | None) -> str:
    """``basic`` for the contract dimension ``basic_tier``."""
    return (tier or "").removesuffix("_tier").replace("_", " ")


def seconds(value: float) -> str:
    """A duration for people: ``12.3 s``, or ``2 min 5 s`` from a minute on."""
    return f"{value:.1f} s" if value < 60 else f"{int(value // 60)} min {value % 60:.0f} s"
