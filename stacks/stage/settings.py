"""A stage as one object. Only this object and its file know a stage's name."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from buyer.access_terms import AccessRules
from buyer.pages.branding import Branding
from buyer.registration.contact import Asked
from buyer.usage_page.settings import PageSettings
from marketplace.dimensions import Dimension
from marketplace.products import Products
from marketplace.regions import NOTICES_REGION
from metering.seal.unusual_settings import UnusualSettings
from stacks.stage.faults import StageError
from usage.reporters import Reporter
from yawl.engine import Engine


@dataclass(frozen=True, kw_only=True)
class AlarmSettings:
    """The receivers of alarms, by severity: e-mail addresses and SNS topic ARNs.

    ticket_at_hours, page_at_hours: age of the oldest pending hour that alarms; AWS accepts an hour for 24 h.
    page_at_money: usage at risk, at list prices, that pages whatever its age.
    """

    page: tuple[str, ...]
    ticket: tuple[str, ...]
    ticket_at_hours: int
    page_at_hours: int
    page_at_money: Decimal | None = None


@dataclass(frozen=True, kw_only=True)
class Domain:
    """The API's own name. certificate_arn: of ACM, in the stage's Region. The Route 53 zone is optional."""

    name: str
    certificate_arn: str
    hosted_zone_id: str | None = None
    hosted_zone_name: str | None = None

    @property
    def hosted_zone(self) -> tuple[str, str] | None:
        """Id and name of the zone in which the record is made; None where the company makes the record."""
        if self.hosted_zone_id and self.hosted_zone_name:
            return self.hosted_zone_id, self.hosted_zone_name
        return None


@dataclass(frozen=True, kw_only=True)
class Budget:
    """The stage's monthly budget in US dollars (AWS bills in them), and the e-mail addresses that it notifies."""

    monthly_amount: Decimal
    notify: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Operators:
    """The principals (ARNs) that may take the role operator-read, and those that may take operator-repair as well."""

    read: tuple[str, ...]
    repair: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class EngineNetwork:
    """Where in a VPC the engines' logs are read from."""

    subnet_ids: tuple[str, ...]
    security_group_ids: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ArchiveSettings:
    """How long the archive keeps changes, in days. lock_days: None locks nothing. lock_mode: ``governance`` or
    ``compliance`` (Amazon S3 User Guide, "Locking objects with Object Lock"). audit_parts: how many shares of the
    customers are audited side by side."""

    keep_days: int
    cold_after_days: int
    lock_days: int | None = None
    lock_mode: str = "governance"
    audit_parts: int = 1


@dataclass(frozen=True, kw_only=True)
class BackupSettings:
    """Daily backups of the tables, kept for so many days. copy_to_vault_arn: a vault, also of another account, that
    gets a copy of each; None: none does."""

    keep_days: int
    copy_to_vault_arn: str | None = None


@dataclass(frozen=True, kw_only=True)
class ReconciliationSettings:
    """What the ledger is compared with besides CloudTrail. dataset_bucket: the bucket of the seller's data feeds, None:
    no feed. dataset_prefix: empty, or ends in a slash. invoices: whether invoices are compared."""

    dataset_bucket: str | None = None
    dataset_prefix: str = ""
    invoices: bool = False


@dataclass(frozen=True, kw_only=True)
class EventSettings:
    """What the vendor's app is told: percents of an allowance, beside those that every stage has, and who may take
    events from a FIFO queue (ARNs)."""

    thresholds: tuple[int, ...] = ()
    queue_readers: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class WebhookSettings:
    """Where the vendor's app takes events."""

    url: str


@dataclass(frozen=True, kw_only=True)
class AgreementsSettings:
    """Whether agreements are searched, and the product's id in the catalog, which the search goes by."""

    search: bool = False
    product_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Registration:
    """What the registration page asks for (``buyer.registration.contact``), and the seconds within which AWS
    Marketplace confirms a subscription."""

    asked: Asked
    confirm_within_seconds: int = 3600


@dataclass(frozen=True, kw_only=True)
class Handover:
    """The address of the vendor's app that takes hand-overs, and origins to which it may send the browser on."""

    url: str
    redirects: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Email:
    """Who is told about buyers, and the sender of mails to buyers; None: they get none."""

    vendor: tuple[str, ...]
    buyer_from: str | None = None


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One deployment. The keys' descriptions (``product_keys``, ``stage_keys``, ``company_keys``, ``engine_keys``) say
    what each means.

    lists_products: the file has ``[[products]]``. notices, currencies: by product code.
    account: None is the account of the deployer's credentials. calls_per_second: key ``marketplaceCallsPerSecond``.
    keep_data: ``removalPolicy`` is ``retain``. firewall_requests: requests of one address in five minutes.
    clock_offset_file: the file that moves the clock; set only where ``movableClock`` is true.
    For every other optional value None is off.
    """

    name: str
    account: str | None
    products: Products
    lists_products: bool
    notices: Mapping[str, tuple[str, ...]]
    currencies: Mapping[str, str]
    region: str
    suffix: str
    notices_of: str
    metering_mode: str
    test_buyers: tuple[str, ...]
    test_accounts: tuple[str, ...]
    seal_delay_minutes: int
    calls_per_second: int
    submit_concurrency: int
    pending_shards: int
    requests_per_second: int
    request_burst: int
    public_concurrency: int | None
    table_read_units: int | None
    table_write_units: int | None
    waiting_usage_seconds: int
    log_level: str
    log_retention_days: int
    keep_data: bool
    movable_clock: bool
    clock_offset_file: str | None
    alarms: AlarmSettings
    unusual: UnusualSettings
    seller_role_arn: str | None
    external_id: str | None
    reporters: tuple[Reporter, ...]
    domain: Domain | None
    firewall_requests: int | None
    encryption_key_arn: str | None
    permissions_boundary: str | None
    bootstrap_qualifier: str | None
    budget: Budget | None
    operators: Operators | None
    tags: Mapping[str, str]
    engines: tuple[Engine, ...]
    engine_network: EngineNetwork | None
    archive: ArchiveSettings
    backup: BackupSettings | None
    reconciliation: ReconciliationSettings
    events: EventSettings
    webhook: WebhookSettings | None
    agreements: AgreementsSettings
    branding: Branding
    registration: Registration
    handover: Handover | None
    email: Email | None
    access: AccessRules
    usage_page: PageSettings | None

    @property
    def dimensions(self) -> Mapping[str, Dimension]:
        """All products' dimensions, by their names in metrics and sums of the whole stage."""
        return self.products.dimensions

    @property
    def sold(self) -> Mapping[str, Dimension]:
        """A dimension by its own name; of several products that have one of this name, the last one's."""
        return {each.name: each for each in self.products.dimensions.values()}

    @property
    def ways_of_notices(self) -> frozenset[str]:
        """The ways in which notices of any product come."""
        return frozenset(way for ways in self.notices.values() for way in ways)

    @property
    def currency(self) -> str:
        """The currency of all list prices; where there are none, the first product's."""
        priced = (each.code for each in self.products if any(d.price is not None for d in each.dimensions.values()))
        return self.currencies[next(priced, self.products.codes[0])]

    @property
    def product_ids(self) -> dict[str, str]:
        """The catalog's id by product code, of the product whose agreements are searched."""
        product, product_id = self.products.only, self.agreements.product_id
        return {product.code: product_id} if product is not None and product_id is not None else {}

    @property
    def is_live(self) -> bool:
        """Whether the usage of every buyer is billed, or (``local``) would be."""
        return self.metering_mode == "live"

    @property
    def has_contracts(self) -> bool:
        """Whether buyers of any product hold contracts, whose entitlements are fetched."""
        return any(product.has_contracts for product in self.products)

    @property
    def takes_all_notices(self) -> bool:
        """False where the stage takes only test accounts' notices, and leaves those of real buyers alone."""
        return self.notices_of == "everybody"

    @property
    def takes_notices(self) -> bool:
        """Whether the stage takes any notices."""
        return bool(self.takes_all_notices or self.test_accounts or self.test_buyers)

    @property
    def seller_account(self) -> str | None:
        """The account that published the product and receives its notices; None where it is the stage's own."""
        account = self.seller_role_arn.split(":")[4] if self.seller_role_arn else None
        return None if account == self.account else account

    def notices_region_is_elsewhere(self) -> bool:
        """Whether another Region of the stage's own account must pass EventBridge's notices on.

        From a seller's account they come straight to the stage's Region (``stacks.seller``).
        """
        wanted = "eventbridge" in self.ways_of_notices and self.takes_notices
        return wanted and self.region != NOTICES_REGION and self.seller_account is None

    def with_clock_offset_file(self, path: str | None) -> "Stage":
        """The same stage with another clock file. Raises StageError where the stage's clock cannot be moved."""
        if path and not self.movable_clock:
            raise StageError(f"stages/{self.name}.toml: movableClock is not true: remove -c clockOffsetFile={path}")
        return replace(self, clock_offset_file=path) if path else self

    def with_local_webhook(self, url: str | None) -> "Stage":
        """The same stage with a receiver of webhooks on this machine. Raises StageError where the stage's clock cannot
        be moved: such a stage goes to AWS."""
        if url and not self.movable_clock:
            raise StageError(f"stages/{self.name}.toml: movableClock is not true: remove -c webhookUrl={url}")
        return replace(self, webhook=WebhookSettings(url=url)) if url else self
