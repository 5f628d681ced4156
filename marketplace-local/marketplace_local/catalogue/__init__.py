"""Products and their buyers: the seller's listings and the buyers' agreements."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from marketplace_local.errors import AdminError

Integration = Literal["license", "legacy", "mixed"]
BuyerKind = Literal["license", "legacy"]
EntityType = Literal["SaaSProduct", "AmiProduct", "ContainerProduct"]
Visibility = Literal["Draft", "Limited", "Public", "Restricted"]
EntitlementValue = bool | int | float | str
#: Rule I15.
MOST_DIMENSIONS = 200


@dataclass(frozen=True)
class Product:
    """A SaaS listing. ``integration``: by licence (new products), by CustomerIdentifier, or in migration (both).

    dimensions: those that BatchMeterUsage takes. contract_dimensions: those that GetEntitlements returns.
    region: where the seller meters it; the summary counts records that another Region accepted.
    title, entity_type, visibility, fulfilment_url: the rest of its listing. prices: of a unit, by usage dimension.
    """

    product_code: str
    integration: Integration
    dimensions: frozenset[str]
    contract_dimensions: frozenset[str] = frozenset()
    region: str = "us-east-1"
    title: str = "A product"
    entity_type: EntityType = "SaaSProduct"
    visibility: Visibility = "Limited"
    fulfilment_url: str | None = None
    prices: Mapping[str, str] = field(default_factory=dict)
    currency: str = "USD"

    def price(self, dimension: str) -> Decimal:
        """The list price of a unit; a cent where the listing names none."""
        return Decimal(self.prices.get(dimension, "0.01"))


@dataclass
class Period:
    """One agreement in force, epoch seconds; ``end`` None while it is open."""

    start: float
    end: float | None = None


@dataclass(frozen=True)
class Entitlement:
    """One contract dimension that a buyer holds; ``expires_at`` in epoch seconds, None: no expiry date."""

    dimension: str
    value: EntitlementValue
    expires_at: float | None = None


@dataclass(frozen=True)
class PastAgreement:
    """An agreement that has ended, while its licence goes on under the next one. Times are epoch seconds."""

    id: str
    offer_id: str
    status: str
    start: float
    end: float | None
    updated: float


@dataclass
class Buyer:
    """One buyer of a product. ``id`` is its billing key: the CustomerIdentifier, or the licence's trailing id.

    Every buyer has a LicenseArn (rule R04), legacy buyers have a CustomerIdentifier too (R01, R02). periods: its
    agreements, oldest first. suspended: AWS suspended the account. free_trial: the offer began with one.

    past: agreements that the present one has followed with the same licence. initial_agreement_id,
    previous_agreement_id, intent: the chain of a licence that followed another one. agreement_start: of an agreement
    that began within a period. end_status: the present agreement's, once it has ended. updated_at: when its terms were
    changed last. loses: notices about this buyer that never arrive, by what their names begin with.
    """

    id: str
    kind: BuyerKind
    product_code: str
    account_id: str
    license_arn: str
    agreement_id: str
    offer_id: str
    customer_identifier: str | None = None
    periods: list[Period] = field(default_factory=list)
    entitlements: tuple[Entitlement, ...] = ()
    suspended: bool = False
    free_trial: bool = False
    past: list[PastAgreement] = field(default_factory=list)
    initial_agreement_id: str | None = None
    previous_agreement_id: str | None = None
    intent: Literal["NEW", "RENEW", "REPLACE"] = "NEW"
    agreement_start: float | None = None
    end_status: str = "CANCELLED"
    updated_at: float = 0.0
    loses: tuple[str, ...] = ()

    @property
    def is_active(self) -> bool:
        """Whether an agreement is in force."""
        return bool(self.periods) and self.periods[-1].end is None

    def activate(self, at: float) -> None:
        """The agreement starts. Raises AdminError while one is in force or before the last one's end."""
        if self.is_active:
            raise AdminError(f"buyer {self.id} is active already")
        if self.periods and at < (self.periods[-1].end or 0):
            raise AdminError("an agreement cannot start before the last one ended")
        self.periods.append(Period(at))
        self.agreement_start, self.end_status = None, "CANCELLED"

    def end(self, at: float) -> None:
        """The agreement ends. Raises AdminError if none is in force or it would end before it started."""
        if not self.is_active:
            raise AdminError(f"buyer {self.id} is not active")
        if at < self.periods[-1].start:
            raise AdminError("an agreement cannot end before it started")
        self.periods[-1].end = at


class Catalogue:
    """All products and buyers, found by the names that requests use."""

    def __init__(self) -> None:
        self.products: dict[str, Product] = {}
        self.buyers: dict[str, Buyer] = {}
        self.by_license: dict[str, Buyer] = {}
        self.by_identifier: dict[str, Buyer] = {}

    def add_product(self, product: Product) -> None:
        """Adds or replaces a product. Raises AdminError for more dimensions than a listing takes."""
        if max(len(product.dimensions), len(product.contract_dimensions)) > MOST_DIMENSIONS:
            raise AdminError(f"a product has at most {MOST_DIMENSIONS} dimensions of a kind")
        self.products[product.product_code] = product

    def product(self, product_code: str) -> Product:
        """The product with that code. Raises AdminError 404 if there is none."""
        if product_code not in self.products:
            raise AdminError(f"no product {product_code!r}", 404)
        return self.products[product_code]

    def buyer(self, buyer_id: str) -> Buyer:
        """The buyer with that id. Raises AdminError 404 if there is none."""
        if buyer_id not in self.buyers:
            raise AdminError(f"no buyer {buyer_id!r}", 404)
        return self.buyers[buyer_id]

    def add_buyer(self, product_code: str, kind: BuyerKind, account_id: str | None) -> Buyer:
        """A new buyer of a product, not yet active. Its names are derived from its number, so runs repeat.

        Raises AdminError if the product does not exist or does not take buyers of that kind.
        """
        product = self.product(product_code)
        if product.integration not in (kind, "mixed"):
            raise AdminError(f"product {product_code!r} is integrated by {product.integration}, not by {kind}")
        seed = hashlib.sha256(f"{product_code}/{len(self.buyers)}".encode()).hexdigest()
        account = account_id or f"{int(seed[:12], 16) % 10**12:012d}"
        license_id = f"l-{seed[:32]}"
        identifier = f"cust{seed[32:43]}" if kind == "legacy" else None
        buyer = Buyer(
            id=identifier or license_id,
            kind=kind,
            product_code=product_code,
            account_id=account,
            license_arn=f"arn:aws:license-manager::{account}:license:{license_id}",
            agreement_id=f"agmt-{seed[43:60]}",
            offer_id=f"offer-{seed[20:33]}",
            customer_identifier=identifier,
        )
        self.buyers[buyer.id] = buyer
        self.by_license[buyer.license_arn] = buyer
        if identifier:
            self.by_identifier[identifier] = buyer
        return buyer
