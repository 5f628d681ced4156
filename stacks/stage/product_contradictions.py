"""Contradictions of what a stage sells: within a product, and between several. Pure."""

from collections.abc import Iterator

from marketplace.products import EVERY, OFF, Product
from marketplace.tiers import UNLIMITED, Tier
from stacks.stage.faults import Fault
from stacks.stage.settings import Stage

#: SNS names legacy customers, EventBridge names licences.
NEEDED_NOTICES = {"license": ("eventbridge",), "legacy": ("sns",), "mixed": ("eventbridge", "sns")}


def product_faults(stage: Stage) -> Iterator[Fault]:
    """All contradictions of the products; keys of one of several begin with ``products[<number>].``."""
    yield from _between(stage)
    for number, product in enumerate(stage.products):
        at = f"products[{number}]." if stage.lists_products else ""
        for fault in _within(product, stage.notices[product.code]):
            yield fault._replace(key=f"{at}{fault.key}")


def _between(stage: Stage) -> Iterator[Fault]:
    products = list(stage.products)
    for number, product in enumerate(products):
        at, before = f"products[{number}]", products[:number]
        if product.code in {other.code for other in before}:
            yield Fault(f"{at}.productCode", f"is {product.code!r} twice", "write one [[products]] table for it")
        # AWS does not say that a buyer's CustomerIdentifier differs from product to product (BatchMeterUsage,
        # ``CustomerIdentifier``), and it is the key of everything that is stored. A licence is of one product.
        legacy = next((other.code for other in before if other.integration != "license"), None)
        if legacy is not None and product.integration != "license":
            yield Fault(
                f"{at}.integration",
                f"is {product.integration!r}, and so {legacy} is not the only product with legacy buyers: AWS"
                " Marketplace may name a buyer of both by one CustomerIdentifier",
                "deploy one of them as a stage of its own",
            )
        is_priced = any(each.price is not None for each in product.dimensions.values())
        if is_priced and stage.currencies[product.code] != stage.currency:
            yield Fault(
                f"{at}.currency",
                f"is {stage.currencies[product.code]!r}, and other prices are in {stage.currency!r}: alarms and reports"
                " add them up",
                "leave out the prices, or deploy the product as a stage of its own",
            )


def _within(product: Product, notices: tuple[str, ...]) -> Iterator[Fault]:
    for way in NEEDED_NOTICES[product.integration]:
        if way not in notices:
            yield Fault(
                "notices",
                f"leaves out {way!r}",
                f'integration = "{product.integration}" learns of its buyers by it: add it',
            )
    named = ", ".join(product.dimensions)
    if product.hourly_zeros not in (OFF, EVERY, *product.dimensions):
        yield Fault("hourlyZeros", f"is {product.hourly_zeros!r}", f"set it to one of off, every, {named}")
    if not product.has_contracts and any(tier.included for tier in product.tiers):
        yield Fault(
            "tiers",
            f'include usage, and pricingModel = "{product.pricing_model}" has no contracts that could hold them',
            'set pricingModel = "contract-with-consumption", or tiers = []',
        )
    for number, tier in enumerate(product.tiers):
        if tier.name in {other.name for other in product.tiers[:number]}:
            yield Fault(f"tiers[{number}].name", f"is {tier.name!r} twice", "name each tier once, lowest first")
        for dimension in tier.included:
            if dimension not in product.dimensions:
                remedy = f"include any of {named}"
                yield Fault(f"tiers[{number}].included.{dimension}", "is not a dimension of this product", remedy)
    for lower, higher in zip(product.tiers, product.tiers[1:], strict=False):
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
