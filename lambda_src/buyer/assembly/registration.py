"""What the registration works with, put together from its settings."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from buyer.allowed_buyers import AllowedBuyers
from buyer.assembly.handover import handovers
from buyer.entitlements import EntitlementSync
from buyer.notices.waiting import WaitingNotices
from buyer.pages.branding import Branding
from buyer.registration.contact import asked_from_json
from buyer.registration.handouts import Handouts
from buyer.registration.page import RegistrationPages
from buyer.registration.patience import Patience
from buyer.registration.register_buyer import Marketplace, Registrar
from buyer.registration.session import Sessions
from buyer.signing_keys import SigningKeys
from ledger import dynamodb
from ledger.notices import Notices
from ledger.subscribers import Subscribers
from marketplace.client import MarketplaceClient
from marketplace.products import Products
from marketplace.seller import Seller
from runtime.settings import RegistrationSettings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource


def registrar(
    settings: RegistrationSettings,
    marketplace: Marketplace | None = None,
    tables: "DynamoDBServiceResource | None" = None,
    patience: Callable[[], Patience] = Patience,
) -> Registrar:
    """The registrar of a stage. marketplace, tables: None connects to AWS.

    ``Patience`` repeats Marketplace's calls, so the SDK does not.
    """
    seller = Seller(settings.SELLER_ROLE_ARN, settings.EXTERNAL_ID)
    marketplace = marketplace or MarketplaceClient.connect(settings.METERING_REGION, attempts=1, seller=seller)
    tables = tables or dynamodb.connect()
    products = Products.from_json(settings.PRODUCTS)
    subscribers = Subscribers(tables.Table(settings.SUBSCRIBERS_TABLE))
    return Registrar(
        marketplace=marketplace,
        subscribers=subscribers,
        waiting=WaitingNotices(subscribers, Notices(tables.Table(settings.NOTICES_TABLE))),
        sync=EntitlementSync(source=marketplace, subscribers=subscribers, products=products),
        products=products,
        allowed=AllowedBuyers.from_setting(settings.NOTICES_OF),
        patience=patience,
    )


def sessions(settings: RegistrationSettings) -> Sessions:
    """The sessions of the registration page, signed with the stage's secret."""
    return Sessions(SigningKeys.connect(settings.SESSION_SECRET_ARN), Products.from_json(settings.PRODUCTS).codes)


def pages(settings: RegistrationSettings) -> RegistrationPages:
    """The registration pages of a stage."""
    return RegistrationPages(
        branding=Branding.from_json(settings.BRANDING),
        products=Products.from_json(settings.PRODUCTS),
        asked=asked_from_json(settings.REGISTRATION_FIELDS),
        handover_url=settings.HANDOVER_URL,
        redirects=tuple(settings.HANDOVER_REDIRECTS.split()),
    )


def handouts(settings: RegistrationSettings) -> Handouts:
    """What a stage's registration hands out: sessions, and hand-overs where the stage has an app for them."""
    return Handouts(
        sessions=sessions(settings),
        handovers=handovers(settings),
        products=Products.from_json(settings.PRODUCTS),
        confirm_within=int(settings.CONFIRM_WITHIN_SECONDS),
    )
