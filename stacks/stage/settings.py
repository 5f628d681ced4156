"""What a stage file says, as one object. Nothing but this object and its file knows a stage's name."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from marketplace.dimensions import Dimension
from marketplace.entitlements import PRICING_MODELS_WITH_ENTITLEMENTS
from marketplace.regions import NOTICES_REGION
from marketplace.tiers import Tier
from stacks.stage.alarms import AlarmSettings
from stacks.stage.company import Budget, Domain
from stacks.stage.section import StageError
from usage.reporters import Reporter


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One deployment.

    account: the AWS account that it belongs to; None is whichever account the deployer's credentials are of.
    notices: the ways in which Marketplace's notices come, of ``eventbridge`` and ``sns``.
    notices_of: ``everybody``, or ``test-accounts``: before a stage is live it takes those of test_accounts only.
    suffix: appended to physical table names, empty in production. calls_per_second: BatchMeterUsage for the whole
    stage, AWS allows 10 per account and Region. hourly_zeros: off, every, or the one dimension for which idle hours
    send 0. currency: of the dimensions' prices. keep_data: tables outlive their stack and refuse deletion.
    waiting_usage_seconds: queued usage of a customer who is not active yet is tried again that often.
    clock_offset_file: set only where the clock can be moved (``movableClock``).
    public_concurrency: copies of the public function at most; None shares the account's.
    table_read_units, table_write_units: requests a second of each table and index, at most; None is no ceiling.
    seller_role_arn, external_id: the role of the publishing account that calls Marketplace; None calls as itself.
    reporters: who may report what; empty lets everybody report everything whom IAM lets in.
    firewall_requests: of one address in five minutes, before a web ACL turns it away; None makes no web ACL.
    encryption_key_arn: the customer-managed key of tables, queues, topics and logs; None leaves keys to AWS.
    permissions_boundary: ARN or name of the policy that bounds every role. tags: on every resource.
    """

    name: str
    account: str | None
    product_code: str
    integration: str
    pricing_model: str
    region: str
    suffix: str
    notices: tuple[str, ...]
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
    hourly_zeros: str
    currency: str
    dimensions: Mapping[str, Dimension]
    tiers: tuple[Tier, ...]
    alarms: AlarmSettings
    seller_role_arn: str | None = None
    external_id: str | None = None
    reporters: tuple[Reporter, ...] = ()
    domain: Domain | None = None
    firewall_requests: int | None = None
    encryption_key_arn: str | None = None
    permissions_boundary: str | None = None
    bootstrap_qualifier: str | None = None
    budget: Budget | None = None
    tags: Mapping[str, str]

    @property
    def is_live(self) -> bool:
        """Usage of every buyer is billed, or (``local``) would be."""
        return self.metering_mode == "live"

    @property
    def has_contracts(self) -> bool:
        """Whether buyers hold contracts, whose entitlements are fetched."""
        return self.pricing_model in PRICING_MODELS_WITH_ENTITLEMENTS

    @property
    def takes_all_notices(self) -> bool:
        """False where only test buyers' notices are taken: before a stage is live, real buyers are not its business."""
        return self.notices_of == "everybody"

    @property
    def takes_notices(self) -> bool:
        """Whether anybody's notices are taken."""
        return bool(self.takes_all_notices or self.test_accounts or self.test_buyers)

    @property
    def seller_account(self) -> str | None:
        """The account that published the product, where it is not the stage's own: notices arise there."""
        account = self.seller_role_arn.split(":")[4] if self.seller_role_arn else None
        return None if account == self.account else account

    def with_clock_offset_file(self, path: str | None) -> "Stage":
        """Raises StageError where a path is given to a stage whose clock cannot be moved."""
        if path and not self.movable_clock:
            raise StageError(f"stages/{self.name}.toml: movableClock is not true: remove -c clockOffsetFile={path}")
        return replace(self, clock_offset_file=path) if path else self

    def notices_region_is_elsewhere(self) -> bool:
        """Whether EventBridge's notices have to be passed on from another Region of the stage's own account. From a
        seller's account they come straight to the stage's Region (``stacks.seller``)."""
        wanted = "eventbridge" in self.notices and self.takes_notices
        return wanted and self.region != NOTICES_REGION and self.seller_account is None
