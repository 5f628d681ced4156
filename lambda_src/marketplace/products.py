"""The products that are sold, as the stage file declares them and every function that needs their terms reads them.

They travel in the environment variable ``PRODUCTS``, which a function's versions keep, so that a rollback of the code
takes the terms back, too, and a cold start asks nobody for them. A function has 4 KB for all its variables (AWS Lambda
quotas), so dimensions and tiers are written in columns, which name nothing twice, and a long text is compressed: 200
dimensions, as many as a product may have, and three tiers that include each of them take some 2,700 bytes.
"""

import bz2
import json
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal

from marketplace.dimensions import Dimension
from marketplace.tiers import Tier

AllowancePeriod = Literal["month", "contract"]
PRICING_MODELS_WITH_ENTITLEMENTS = ("contract", "contract-with-consumption")
#: The two values of ``hourlyZeros`` that are no dimension's name.
OFF, EVERY = "off", "every"
#: Characters from which the text is compressed; people can read a shorter one in the console.
READABLE = 1_500


@dataclass(frozen=True, kw_only=True)
class Product:
    """One product, and the terms on which its usage is billed.

    code: Marketplace's ProductCode. title: its name as buyers read it; empty where the stage names none.
    integration: ``license``, ``legacy`` or ``mixed``. pricing_model: ``subscription``, ``contract`` or
    ``contract-with-consumption``. tiers: lowest first. allowance_period: what a tier's quantities are included for.
    hourly_zeros: ``off``, ``every`` or a dimension's name.
    """

    code: str
    integration: str
    pricing_model: str
    dimensions: Mapping[str, Dimension]
    title: str = ""
    tiers: Sequence[Tier] = ()
    hourly_zeros: str = OFF
    allowance_period: AllowancePeriod = "month"

    @property
    def named(self) -> str:
        """Its name for people, with the code."""
        return f"{self.title} ({self.code})" if self.title else self.code

    @property
    def has_contracts(self) -> bool:
        """Whether its buyers hold contracts, whose entitlements are fetched; a plain subscription has none."""
        return self.pricing_model in PRICING_MODELS_WITH_ENTITLEMENTS

    @cached_property
    def zeros(self) -> tuple[str, ...]:
        """The dimensions of which an hour without usage is metered with 0, as AWS recommends for every customer (AWS
        Marketplace Seller Guide, "SaaS subscriptions", "SaaS contracts with consumption"). None of a pure contract,
        which is metered only beyond what it includes.

        A zero takes the hour's place like any other quantity, so it is only ever sent as part of a sealed hour.
        """
        if self.pricing_model == "contract":
            return ()
        return tuple(name for name in self.dimensions if self.hourly_zeros in (EVERY, name))


@dataclass(frozen=True)
class Products:
    """All products of a stage, in its order."""

    each: tuple[Product, ...]

    @classmethod
    def from_json(cls, text: str) -> "Products":
        """The inverse of ``to_json``."""
        plain = text if text.startswith("[") else bz2.decompress(b64decode(text)).decode()
        return cls(tuple(_product(entry) for entry in json.loads(plain)))

    def to_json(self) -> str:
        """The text of the environment variable: compact JSON, compressed (bzip2, base64) where it would be long."""
        text = json.dumps([_plain(product) for product in self.each], separators=(",", ":"))
        return text if len(text) < READABLE else b64encode(bz2.compress(text.encode())).decode()

    def of(self, product_code: str | None) -> Product | None:
        """The product of a code, None if it is not sold here. Without a code it is the only product, if there is one
        alone: what names no product is then about that one."""
        if product_code is None:
            return self.only
        return self._by_code.get(product_code)

    def title(self, product_code: str | None) -> str:
        """The title of a code's product, as ``of`` finds it; empty where it has none or is not sold here."""
        product = self.of(product_code)
        return product.title if product else ""

    @property
    def only(self) -> Product | None:
        """The product of a stage that sells one alone; None where it sells several."""
        return self.each[0] if len(self.each) == 1 else None

    @property
    def codes(self) -> tuple[str, ...]:
        """Their product codes."""
        return tuple(product.code for product in self.each)

    @cached_property
    def _by_code(self) -> dict[str, Product]:
        return {product.code: product for product in self.each}

    def label(self, product_code: str | None, dimension: str) -> str:
        """The name of a product's dimension in metrics and sums of the whole stage: its own, or with the product where
        several products have a dimension of that name, whose units may differ."""
        shared = sum(dimension in product.dimensions for product in self.each) > 1
        return f"{dimension} ({product_code})" if shared and product_code is not None else dimension

    @cached_property
    def dimensions(self) -> dict[str, Dimension]:
        """The dimensions of all products by their labels."""
        return {self.label(p.code, name): each for p in self.each for name, each in p.dimensions.items()}

    def __iter__(self) -> Iterator[Product]:
        """The products, in the stage's order."""
        return iter(self.each)

    def __len__(self) -> int:
        """Their number."""
        return len(self.each)


#: The columns of dimensions, with the value that most of them have; a column that has no other is left out.
_COLUMNS: Mapping[str, Any] = {"name": "", "unit": "", "aggregation": "sum", "scale": 1, "decimals": 0, "price": None}


def _plain(product: Product) -> dict[str, Any]:
    """The product as JSON has it; what is left out has its default."""
    sold = product.dimensions.values()
    columns = {name: [_text(getattr(each, name)) for each in sold] for name in _COLUMNS}
    values: dict[str, Any] = {
        "code": product.code,
        "title": product.title,
        "integration": product.integration,
        "pricingModel": product.pricing_model,
        "allowancePeriod": product.allowance_period,
        "zeros": product.hourly_zeros,
        "dimensions": {name: each for name, each in columns.items() if set(each) != {_COLUMNS[name]}},
        # What each tier includes, in the order of the dimensions.
        "tiers": {tier.name: [_text(tier.included.get(name)) for name in product.dimensions] for tier in product.tiers},
    }
    defaults = {"title": "", "allowancePeriod": "month", "zeros": OFF, "tiers": {}}
    return {name: value for name, value in values.items() if value != defaults.get(name)}


def _text(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal) else value


def _product(entry: Mapping[str, Any]) -> Product:
    columns = entry["dimensions"]
    names = columns["name"]
    rows = [{column: values[number] for column, values in columns.items()} for number in range(len(names))]
    return Product(
        code=entry["code"],
        title=entry.get("title", ""),
        integration=entry["integration"],
        pricing_model=entry["pricingModel"],
        allowance_period=entry.get("allowancePeriod", "month"),
        hourly_zeros=entry.get("zeros", OFF),
        dimensions={row["name"]: Dimension(**{**row, "price": _decimal(row.get("price"))}) for row in rows},
        tiers=tuple(
            Tier(name, {each: Decimal(units) for each, units in zip(names, included, strict=True) if units is not None})
            for name, included in entry.get("tiers", {}).items()
        ),
    )


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
