"""The only caller of ResolveCustomer and GetEntitlements.

Which Marketplace is called is configuration only: botocore reads ``AWS_ENDPOINT_URL_MARKETPLACE_METERING`` and
``AWS_ENDPOINT_URL_MARKETPLACE_ENTITLEMENT_SERVICE`` itself. Errors are botocore's; ``marketplace.faults`` reads them.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from botocore.config import Config

from marketplace.billing_identity import is_sendable, license_id
from marketplace.entitlements import Entitlement, from_api
from marketplace.regions import NOTICES_REGION
from marketplace.seller import OURSELVES, Seller

if TYPE_CHECKING:
    from mypy_boto3_marketplace_entitlement import MarketplaceEntitlementServiceClient
    from mypy_boto3_meteringmarketplace import MarketplaceMeteringClient

#: Both operations only read, so the SDK may repeat them.
ATTEMPTS = 3


class EndlessPages(RuntimeError):
    """GetEntitlements gave the same NextToken twice."""


@dataclass(frozen=True, kw_only=True)
class ResolvedCustomer:
    """ResolveCustomer's answer. ``customer_identifier`` is absent for new integrations (botocore model)."""

    product_code: str
    customer_identifier: str | None = None
    account_id: str | None = None
    license_arn: str | None = None
    agreement_id: str | None = None


@dataclass(frozen=True)
class MarketplaceClient:
    """AWS Marketplace, called with the credentials of the account that published the product."""

    metering: "MarketplaceMeteringClient" = field(repr=False)
    entitlement: "MarketplaceEntitlementServiceClient" = field(repr=False)

    @classmethod
    def connect(cls, metering_region: str, attempts: int = ATTEMPTS, seller: Seller = OURSELVES) -> Self:
        """Clients for the stage's metering Region and for us-east-1, where entitlements are.

        attempts: the SDK's own, for each call; 1 where the caller repeats calls itself. One takes 7 seconds at most,
        and the first one 3 more where the seller's role has to be assumed.
        """
        reads = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": attempts})
        return cls(
            seller.client("meteringmarketplace", metering_region, reads),
            seller.client("marketplace-entitlement", NOTICES_REGION, reads),
        )

    def resolve_customer(self, token: str) -> ResolvedCustomer:
        """The buyer and product that a registration token stands for. It may be resolved repeatedly: for 4 hours, or,
        where it is that of an agreement's entitlement, for 30 minutes (marketplace-agreement's model)."""
        answer = self.metering.resolve_customer(RegistrationToken=token)
        metadata: dict[str, Any] = dict(answer.get("Metadata") or {})
        return ResolvedCustomer(
            product_code=answer.get("ProductCode", ""),
            customer_identifier=answer.get("CustomerIdentifier") or None,
            account_id=answer.get("CustomerAWSAccountId") or None,
            license_arn=answer.get("LicenseArn") or None,
            agreement_id=metadata.get("AgreementId") or None,
        )

    def get_entitlements(
        self,
        *,
        product_code: str,
        customer_identifier: str | None = None,
        license_arn: str | None = None,
        account_id: str | None = None,
    ) -> tuple[Entitlement, ...]:
        """All entitlements of one legacy customer or one licence.

        A licence known only in an event's form (without ``arn:``) cannot be asked for; then the buyer's account is, and
        the licence's own entries are picked out by its trailing id.

        Raises ValueError if the arguments name neither a customer, nor a licence that can be asked for, nor a licence
        and its account; EndlessPages; and botocore's errors.
        """
        if customer_identifier is not None:
            return self._all_pages(product_code, {"CUSTOMER_IDENTIFIER": [customer_identifier]})
        if license_arn is not None and is_sendable(license_arn):
            return self._all_pages(product_code, {"LICENSE_ARN": [license_arn]})
        if not license_arn or not account_id:
            raise ValueError("entitlements are asked for by customer identifier, licence, or licence id and account")
        wanted = license_id(license_arn)
        held = self._all_pages(product_code, {"CUSTOMER_AWS_ACCOUNT_ID": [account_id]})
        return tuple(e for e in held if e.license_arn is not None and license_id(e.license_arn) == wanted)

    def _all_pages(self, product_code: str, chosen: dict[Any, list[str]]) -> tuple[Entitlement, ...]:
        """Every page: an empty one may carry NextToken all the same (GetEntitlements' documentation)."""
        found: list[Entitlement] = []
        request: dict[str, Any] = {"ProductCode": product_code, "Filter": chosen}
        while True:
            page = self.entitlement.get_entitlements(**request)
            read = (from_api(dict(entry)) for entry in page.get("Entitlements", ()))
            found += [entitlement for entitlement in read if entitlement is not None]
            token = page.get("NextToken")
            if not token:
                return tuple(found)
            if token == request.get("NextToken"):
                raise EndlessPages("GetEntitlements gave the same NextToken twice")
            request["NextToken"] = token
