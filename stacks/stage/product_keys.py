"""The keys of ``stages/product.toml``: what is sold. A stage file may hold any of them and then speaks for itself.

They are those of one product, at the file's top; or of each of several, in ``[[products]]``.
"""

from typing import Any, get_args

from marketplace.dimensions import Aggregation
from marketplace.tiers import Tier
from stacks.stage.compound_kinds import Named, Quantities, Table, Tables, Texts
from stacks.stage.kinds import Amount, Key, OneOf, Text, Whole

INTEGRATIONS = ("license", "legacy", "mixed")
PRICING_MODELS = ("subscription", "contract", "contract-with-consumption")
NOTICES = ("eventbridge", "sns")
#: The name is also an attribute of the open hour and part of "<customer>|<hour>|<dimension>".
DIMENSION_NAME = "[A-Za-z][A-Za-z0-9_]{0,99}"


def _values(**values: Any) -> dict[str, Any]:
    return values


_DIMENSION = Table(
    make=_values,
    remedy="write it as a table: unit, aggregation, and where needed scale and decimals",
    keys={
        "unit": Key(
            Text(r"\S.{0,49}", 'say what one unit is, for example "call"', "text"),
            "What one unit is. `<name>` is Marketplace's key of the dimension, letter for letter.",
        ),
        "aggregation": Key(
            OneOf(get_args(Aggregation)),
            "`sum` adds quantities; `distinct` counts users, each once a calendar month; `max` takes the highest"
            " count of a month.",
        ),
        "scale": Key(
            Whole(1, 1_000_000_000),
            "Recorded units per billed unit. What does not fill a unit is kept for the next hour.",
            default=1,
        ),
        "decimals": Key(Whole(0, 6), "Fraction digits that are sent.", default=0),
        "price": Key(
            Amount("set the list price of one billed unit, for example 0.05, or leave it out"),
            "List price of a billed unit. With it, usage at risk is shown in money as well.",
            default=None,
        ),
    },
)

_TIER = Table(
    make=Tier,
    remedy="add [[tiers]] tables, lowest first, or tiers = []",
    keys={
        "name": Key(
            Text(r"\S{1,255}", "set it to the contract dimension of this tier", "text"),
            "The contract dimension. `[[tiers]]` stand lowest first: the last that a buyer holds counts.",
        ),
        "included": Key(
            Quantities(
                "give dimensions a quantity of 0 or more, or -1 for unlimited", "`{ <dimension> = <quantity>, … }`"
            ),
            "What it includes a month before metering starts. -1 is unlimited; a dimension that is not named"
            " includes nothing.",
        ),
    },
)

PRODUCT_KEYS = {
    "productCode": Key(
        Text(
            "[A-Za-z0-9]{10,64}",
            "set it to the product code shown in the AWS Marketplace Management Portal, not to an id like prod-abc (or"
            " pass PRODUCT_CODE=... to make)",
            "text",
        ),
        "The code that the AWS Marketplace Management Portal shows (not the id `prod-…`). `PRODUCT_CODE=…` on the"
        " command line takes its place. A stage that sells through a listing of its own has its own.",
    ),
    "title": Key(
        Text(r"\S.{0,99}", "set it to the product's name, or leave it out", "text"),
        "The product's name as buyers and operators read it.",
        default="",
    ),
    "integration": Key(
        OneOf(INTEGRATIONS),
        "`license`: products listed since 2026-06-01, which know their buyers by licence. `legacy`: older ones,"
        " which know them by customer identifier. `mixed`: a product in migration.",
    ),
    "pricingModel": Key(OneOf(PRICING_MODELS), "The pricing model, as listed."),
    "notices": Key(
        Texts(
            pattern="|".join(NOTICES),
            remedy='list "eventbridge", "sns" or both, as the product has them',
            values="list of `eventbridge`, `sns`",
        ),
        "The ways in which the product's notices come; by default what `integration` needs. A topic that does not"
        " exist fails the deployment.",
        default=None,
    ),
    "hourlyZeros": Key(
        Text(DIMENSION_NAME, "set it to off, every or the name of a dimension", "`off`, `every`, or a dimension"),
        "Whether an idle hour sends a 0, as AWS recommends: for `every` dimension, for one, or `off`.",
        default="off",
    ),
    "currency": Key(
        Text("[A-Z]{3}", 'set it to the listing\'s currency, for example "USD"', "three letters"),
        "The currency of the dimensions' prices.",
        default="USD",
    ),
    "dimensions": Key(
        Named(
            pattern=DIMENSION_NAME,
            name_remedy="use a letter, then letters, digits and _",
            entry=_DIMENSION,
            remedy="add one [dimensions.<name>] table per usage dimension",
        ),
        "The usage dimensions. The name is Marketplace's key of the dimension, letter for letter.",
    ),
    "tiers": Key(
        Tables(entry=_TIER), "Contract tiers, lowest first, with what each includes a month before metering starts."
    ),
}

LIST = "products"
#: What stands in place of the keys of one product.
PRODUCTS_KEY = Key(
    Tables(entry=Table(make=_values, keys=PRODUCT_KEYS, remedy="write a [[products]] table for each product")),
    "Several products in one deployment, each with the keys of one. They stand in place of these keys.",
)
