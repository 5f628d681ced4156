"""The product and its public offers, held against the stage file. Pure.

Kinds of dimensions: Catalog API, AddDimensions; ``ExternallyMetered`` is what BatchMeterUsage takes, ``Entitled`` what
GetEntitlements returns. Terms of offers: the same guide, "Update pricing terms".
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from deploy.check.catalog import SAAS, Found
from deploy.line import Line, green, red, yellow
from marketplace.products import Product
from stacks.stage import Stage

USAGE, CONTRACT = "ExternallyMetered", "Entitled"
BY_USE, UPFRONT = "UsageBasedPricingTerm", "ConfigurableUpfrontPricingTerm"
PRICING_MODELS = {
    frozenset({BY_USE}): "subscription",
    frozenset({UPFRONT}): "contract",
    frozenset({BY_USE, UPFRONT}): "contract-with-consumption",
}


def product_lines(stage: Stage, sold: Product, found: Found) -> Iterator[Line]:
    """The lines of the listing: its product, visibility, dimensions and pricing model. One red line where the product
    is another one."""
    about, product, correct = "product", found.product, f"correct productCode in {_file(stage)}"
    if product is None:
        others = "; ".join(f"{each.code} ({each.title})" for each in found.others) or "it has none"
        yield red(
            about,
            f"the seller's account has no product of code {sold.code}",
            f"{correct}, or use the publishing account; SaaS products of this one: {others}",
        )
        return
    if product.type != SAAS:
        yield red(
            about,
            f"{product.title} ({product.id}) is an {product.type}, and BatchMeterUsage here meters SaaS products",
            correct,
        )
        return
    yield green(about, f"{product.title} ({product.id}) is a SaaS product with this code")
    yield visibility_line(product.visibility)
    yield from dimension_lines(stage, sold, product.dimensions)
    yield pricing_line(sold.pricing_model, product.offers)


def _file(stage: Stage) -> str:
    return f"stages/product.toml (or stages/{stage.name}.toml, if the key stands there)"


def visibility_line(visibility: str) -> Line:
    """What the listing's visibility means for buyers."""
    about = "visibility"
    if visibility == "Public":
        return green(about, "Public: everybody can subscribe")
    if visibility == "Limited":
        return green(about, "Limited: only accounts on its allow list can subscribe")
    if visibility == "Draft":
        return red(about, "Draft: nobody can subscribe, and nothing can be metered", "release the listing as Limited")
    return yellow(
        about,
        f"{visibility or 'unknown'}: nobody new can subscribe; buyers that it has are still metered",
        "nothing if that is meant, else ask AWS Marketplace to publish it again",
    )


def dimension_lines(stage: Stage, sold: Product, listed: Mapping[str, frozenset[str]]) -> Iterator[Line]:
    """A line for each dimension of the product and of its listing. listed: kinds by key."""
    for name in sold.dimensions:
        yield _dimension_line(name, USAGE, "usage dimension", listed)
    tiers = [tier.name for tier in sold.tiers]
    for name in tiers:
        yield _dimension_line(name, CONTRACT, "contract tier", listed)
    for name, kinds in listed.items():
        about = f"dimension {name}"
        if CONTRACT in kinds and name not in tiers:
            yield red(
                about,
                "can be bought as a contract, and the stage has no tier of that name: its buyers have nothing included",
                f"add it to [[tiers]] of {_file(stage)}",
            )
        elif USAGE in kinds and name not in sold.dimensions:
            yield yellow(
                about,
                "is listed for usage, and the stage never meters it",
                f"add it to {_file(stage)}, unless it is restricted in the listing",
            )


def _dimension_line(name: str, kind: str, what: str, listed: Mapping[str, frozenset[str]]) -> Line:
    about, kinds = f"dimension {name}", listed.get(name)
    if kinds is None:
        alike = [key for key in listed if key.casefold() == name.casefold()]
        if alike:
            return red(about, f"is written {alike[0]} in the listing", "write it letter for letter as in the listing")
        effect = "usage of it would be refused" if kind == USAGE else "no buyer can hold it"
        return red(
            about, f"is no dimension of the listing: {effect}", f"add it to the listing, as {kind}, or take it out"
        )
    if kind not in kinds:
        return red(
            about,
            f"is {' and '.join(sorted(kinds)) or 'of no kind'} in the listing, and a {what} has to be {kind}",
            "add that kind in the listing (AWS Marketplace's seller support helps), or correct the stage file",
        )
    return green(about, f"is a {what} of the listing")


def pricing_line(pricing_model: str, offers: Sequence[Mapping[str, Any]]) -> Line:
    """Whether the offers' terms make the stage's pricing model. offers: the product's public offers."""
    about = "pricing model"
    priced = [frozenset(term.get("Type") for term in offer.get("Terms") or ()) & {BY_USE, UPFRONT} for offer in offers]
    models = sorted({PRICING_MODELS[terms] for terms in priced if terms})
    if not models:
        return yellow(
            about,
            f"no public offer with prices is released yet, so {pricing_model} cannot be compared",
            "run this again when the offer is released",
        )
    if models != [pricing_model]:
        return red(
            about,
            f"is {pricing_model} in the stage file, and the public offer's terms make it {' and '.join(models)}",
            f'set pricingModel = "{models[0]}", or correct the offer',
        )
    return green(about, f"{pricing_model}, as the public offer's terms say")
