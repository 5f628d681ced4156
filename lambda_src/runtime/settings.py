"""Settings: one frozen class per function; its field names are the environment variables' names.

The stacks call ``to_env()`` (values may still be unresolved CDK tokens, so nothing is checked there), the function
calls ``from_env()`` once at cold start, which names every missing variable. A function is given its own class only.
"""

import os
from collections.abc import Mapping
from typing import Any, Self, dataclass_transform


class MissingSettings(RuntimeError):
    """Environment variables that the function needs are absent."""


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Settings:
    """The base: strings in, strings out. Its subclasses are read as frozen, keyword-only dataclasses, but are not made
    by ``dataclass``, which writes and compiles code for each of them at every cold start."""

    def __init__(self, **values: str) -> None:
        if set(values) != set(self.names()):
            raise TypeError(f"{type(self).__name__} takes {', '.join(self.names())}; given were {', '.join(values)}")
        vars(self).update(values)

    def __setattr__(self, name: str, _value: Any) -> None:
        raise AttributeError(f"settings do not change: {name}")

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and vars(other) == vars(self)

    __hash__ = None  # type: ignore[assignment]  # Settings are not kept in sets.

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in vars(self).items())})"

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """The variables' names, in the order in which they are declared."""
        kinds = [kind for kind in reversed(cls.__mro__) if issubclass(kind, Settings)]
        return tuple(name for kind in kinds for name in kind.__annotations__)

    def to_env(self) -> dict[str, str]:
        """The environment variables, by name, as a stack gives them to the function."""
        return {name: getattr(self, name) for name in self.names()}

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Self:
        """The settings in these environment variables, by default the process's own.

        Raises MissingSettings if any variable is absent. An empty one is a value.
        """
        values = os.environ if env is None else env
        missing = [name for name in cls.names() if name not in values]
        if missing:
            raise MissingSettings(f"{cls.__name__} needs the environment variable(s) {', '.join(missing)}")
        return cls(**{name: values[name] for name in cls.names()})


class SellerSettings(Settings):
    """The settings of functions that call AWS Marketplace, see marketplace.seller. Both are empty where the functions'
    own account published the product."""

    SELLER_ROLE_ARN: str
    EXTERNAL_ID: str


class ProductsSettings(Settings):
    """The settings of functions that need the terms of what is sold."""

    #: What is sold and on which terms, see marketplace.products.
    PRODUCTS: str


class HandoverSettings(ProductsSettings):
    """The settings of functions that issue or redeem hand-overs (``buyer.handover``)."""

    #: The address of the vendor's app that takes hand-overs, which is also their audience; empty: there are none.
    HANDOVER_URL: str
    HANDOVER_ISSUER: str
    #: The secret in Secrets Manager that signs hand-overs.
    HANDOVER_SECRET_ARN: str


class RegistrationSettings(SellerSettings, HandoverSettings):
    """The settings of the function ``registration``."""

    METERING_REGION: str
    #: See SubscriptionNoticesSettings.
    NOTICES_OF: str
    SUBSCRIBERS_TABLE: str
    NOTICES_TABLE: str
    #: The secret in Secrets Manager that signs the registration page's sessions.
    SESSION_SECRET_ARN: str
    #: JSON, see buyer.registration.contact: the form's fields, and whether each is asked for.
    REGISTRATION_FIELDS: str
    #: Seconds from a registration within which AWS Marketplace confirms the subscription; later, people look.
    CONFIRM_WITHIN_SECONDS: str
    #: JSON, see buyer.pages.branding.
    BRANDING: str
    #: The addresses to which the vendor's app may send the browser on, separated by blanks; may be empty.
    HANDOVER_REDIRECTS: str


class SubscriptionNoticesSettings(ProductsSettings):
    """The settings of the function ``subscription-notices``."""

    #: ``all``, or the comma-separated accounts and billing keys of test buyers, see buyer.allowed_buyers.
    NOTICES_OF: str
    SUBSCRIBERS_TABLE: str
    NOTICES_TABLE: str


class TellPeopleSettings(ProductsSettings):
    """The settings of the function ``tell-people``."""

    #: See RegistrationSettings.
    CONFIRM_WITHIN_SECONDS: str
    BRANDING: str
    SUBSCRIBERS_TABLE: str
    NOTICES_TABLE: str
    #: The topic to which the vendor's people subscribe.
    VENDOR_TOPIC_ARN: str
    #: The sender of mails to buyers; empty: they get none.
    BUYER_FROM: str


class AccessSettings(ProductsSettings):
    """The settings of the function ``access``."""

    SUBSCRIBERS_TABLE: str
    #: JSON, see buyer.access_terms.AccessRules.
    ACCESS: str


class BuyerUsageSettings(AccessSettings):
    """The settings of the function ``buyer-usage``."""

    METERING_RECORDS_TABLE: str
    STATE_TABLE: str
    #: The currency of the stage's list prices.
    CURRENCY: str
    #: JSON, see buyer.usage_page.settings; empty: the stage has no such page.
    USAGE_PAGE: str
    #: The secret in Secrets Manager that signs the page's links.
    USAGE_PAGE_SECRET_ARN: str


class UsagePageSettings(BuyerUsageSettings):
    """The settings of the function ``usage-page``."""

    BRANDING: str


class SubscriberApiSettings(HandoverSettings):
    """The settings of the function ``subscriber-api``."""

    #: The queue of the function ``tell-people``; empty in a stage that tells nobody.
    PEOPLE_QUEUE_URL: str

    SUBSCRIBERS_TABLE: str
    NOTICES_TABLE: str
    AUDIT_TABLE: str


class EntitlementNoticesSettings(SubscriptionNoticesSettings, SellerSettings):
    """The settings of the function ``entitlement-notices``."""


class SearchAgreementsSettings(EntitlementNoticesSettings):
    """The settings of the function ``search-agreements``."""

    #: JSON, the catalog's id of each product by its code: the Agreement API knows no codes.
    PRODUCT_IDS: str
    STATE_TABLE: str


class UsageSettings(ProductsSettings):
    """The settings of the function ``usage``."""

    SUBSCRIBERS_TABLE: str
    USAGE_EVENTS_TABLE: str
    METERING_RECORDS_TABLE: str
    #: Number of shards of the pending index, 1 to 16.
    PENDING_SHARDS: str
    #: JSON, see usage.reporters: what each sender may report. With ``[]`` every sender that IAM lets in may report
    #: everything.
    REPORTERS: str


class UsageQueueSettings(UsageSettings):
    """The settings of the function ``usage-queue``: those of ``usage`` and the queues to which it sends."""

    #: The queue of events that may be recorded later; its own delay sets how long they wait.
    WAITING_USAGE_QUEUE_URL: str
    #: The queue that keeps refused events for people.
    REFUSED_USAGE_QUEUE_URL: str
    #: The queue of usage that the YAWL connector found; empty in a stage without engines.
    ENGINE_USAGE_QUEUE_ARN: str


class FindDueHoursSettings(ProductsSettings):
    """The settings of the function ``find-due-hours``."""

    METERING_RECORDS_TABLE: str
    SEAL_DELAY_MINUTES: str


class PutZeroRecordsSettings(ProductsSettings):
    """The settings of the function ``put-zero-records``."""

    SEAL_DELAY_MINUTES: str
    SUBSCRIBERS_TABLE: str
    METERING_RECORDS_TABLE: str
    PENDING_SHARDS: str


class MeteringModeSettings(Settings):
    """The settings that decide whose usage is sent, see ``metering.run.Mode``."""

    #: ``off``, ``dry-run``, ``test-buyers`` or ``live``.
    METERING_MODE: str
    #: Comma-separated billing keys that ``test-buyers`` sends for; may be empty.
    TEST_BUYERS: str


class SealHoursSettings(ProductsSettings, MeteringModeSettings):
    """The settings of the function ``seal-hours``."""

    #: JSON, see metering.seal.unusual_settings: which hours are unusual, and whether their lines are held.
    UNUSUAL: str
    SUBSCRIBERS_TABLE: str
    METERING_RECORDS_TABLE: str
    USAGE_EVENTS_TABLE: str
    STATE_TABLE: str
    PENDING_SHARDS: str


class RateSettings(Settings):
    """The settings of functions that know the stage's rate of calls."""

    #: BatchMeterUsage calls per second for the whole stage.
    CALLS_PER_SECOND: str
    #: How many copies of ``submit-batch`` share that rate: its reserved concurrency.
    SUBMIT_CONCURRENCY: str


class PlanBatchesSettings(RateSettings, MeteringModeSettings):
    """The settings of the function ``plan-batches``."""

    SUBSCRIBERS_TABLE: str
    METERING_RECORDS_TABLE: str
    STATE_TABLE: str


class SubmitBatchSettings(ProductsSettings, SellerSettings, RateSettings, MeteringModeSettings):
    """The settings of the function ``submit-batch``."""

    SUBSCRIBERS_TABLE: str
    METERING_RECORDS_TABLE: str
    USAGE_EVENTS_TABLE: str
    STATE_TABLE: str
    METERING_REGION: str


class SettleHoursSettings(MeteringModeSettings):
    """The settings of the function ``settle-hours``."""

    METERING_RECORDS_TABLE: str


class ReportSettings(ProductsSettings, MeteringModeSettings):
    """The settings of the function ``report``."""

    SUBSCRIBERS_TABLE: str
    METERING_RECORDS_TABLE: str
    STATE_TABLE: str
    #: The queue that gets a copy of every failed line.
    FAILED_LINES_QUEUE_URL: str


class FindFinalHoursSettings(Settings):
    """The settings of the function ``find-final-hours``."""

    SUBSCRIBERS_TABLE: str
    METERING_RECORDS_TABLE: str


class RefuseUsageSettings(Settings):
    """The settings of the function ``refuse-usage``."""

    SUBSCRIBERS_TABLE: str


class EndSubscriptionSettings(ProductsSettings):
    """The settings of the function ``end-subscription``."""

    SUBSCRIBERS_TABLE: str
    METERING_RECORDS_TABLE: str
    STATE_TABLE: str
    PENDING_SHARDS: str


class FinalExecutionsSettings(Settings):
    """The settings of functions that start final metering."""

    #: The alias of final metering's state machine under which executions are started.
    FINAL_METERING_ALIAS_ARN: str


class StartFinalMeteringSettings(FinalExecutionsSettings):
    """The settings of the function ``start-final-metering``."""

    #: The FIFO queue by which it hands each change of a subscriber to ``tell-events``.
    CHANGES_QUEUE_URL: str


class LookAfterLeaversSettings(FinalExecutionsSettings):
    """The settings of the function ``look-after-leavers``."""

    SUBSCRIBERS_TABLE: str
    #: The state machine itself, whose running executions are listed, whichever alias started them.
    FINAL_METERING_ARN: str


class TellEventsSettings(ProductsSettings):
    """The settings of the function ``tell-events``."""

    #: Comma-separated percents of an allowance, beside those that every stage has; may be empty.
    THRESHOLDS: str
    SUBSCRIBERS_TABLE: str
    STATE_TABLE: str
    #: The name of the stage's bus, and the comma-separated FIFO queues that get every event, too.
    EVENT_BUS: str
    EVENT_QUEUE_URLS: str


class SendWebhooksSettings(Settings):
    """The settings of the function ``send-webhooks``."""

    WEBHOOK_URL: str
    #: The secret in Secrets Manager whose values sign the webhooks.
    WEBHOOK_SECRET_ARN: str
    #: The queue that the function takes from, to say when a message comes again.
    WEBHOOK_QUEUE_URL: str
    #: ``public``, or in a stage on a laptop ``any``: the addresses that the URL's host may have.
    WEBHOOK_ADDRESSES: str


class ReconcileSettings(SellerSettings):
    """The settings of functions that compare the ledger with another book."""

    SUBSCRIBERS_TABLE: str
    METERING_RECORDS_TABLE: str
    AUDIT_TABLE: str


class ReconcileCallsSettings(ReconcileSettings):
    """The settings of the function ``reconcile-calls``."""

    #: Comma-separated codes of the products that are sold.
    PRODUCT_CODE: str
    METERING_REGION: str
    #: Comma-separated names of the roles that meter for this stage; empty: no caller is called foreign.
    METERING_CALLERS: str


class ReconcileUsageSettings(ProductsSettings, ReconcileSettings):
    """The settings of the function ``reconcile-usage``."""

    #: The bucket of the seller's data feeds, and what stands before their folders in it: empty, or ends in a slash.
    DATASET_BUCKET: str
    DATASET_PREFIX: str
    METERING_REGION: str


class ReconcileInvoicesSettings(ProductsSettings, ReconcileSettings):
    """The settings of the function ``reconcile-invoices``."""

    #: The currency of the stage's list prices.
    CURRENCY: str


class EngineSettings(Settings):
    """The settings of functions that read the stage's engines."""

    #: The path of the engines' parameters (SSM Parameter Store), without a slash at its end: ``<path>/<engine id>``
    #: holds ``yawl.engine.Engine`` as JSON.
    ENGINES_PATH: str
    ENGINES_TABLE: str


class EngineGatewaySettings(EngineSettings):
    """The settings of the function ``engine-gateway``."""

    #: The function that reads an engine's log, to call asynchronously: the ARN of its alias.
    RECONCILE_FUNCTION: str


class EngineUsageSettings(EngineSettings):
    """The settings of functions that report an engine's usage."""

    #: The FIFO queue of usage events: bodies of ``POST /usage``, message group = billing key.
    ENGINE_USAGE_QUEUE_URL: str
    #: The queue of usage for which no customer was found.
    UNATTRIBUTED_QUEUE_URL: str


class ReconcileEngineSettings(EngineUsageSettings):
    """The settings of the function ``reconcile-engine``."""


class LookAfterEnginesSettings(EngineUsageSettings):
    """The settings of the function ``look-after-engines``, which reads all parameters below the path."""


class ReadAccessLogSettings(EngineUsageSettings):
    """The settings of the function ``read-access-log``, which reads all parameters below the path."""


class ArchiveSettings(Settings):
    """The settings of functions that write or read the archive."""

    ARCHIVE_BUCKET: str


class ArchiveChangesSettings(ArchiveSettings):
    """The settings of the function ``archive-changes``."""

    #: The end of the stage's table names, by which a stream's table is known; may be empty.
    TABLE_SUFFIX: str


class AuditConservationSettings(ArchiveSettings):
    """The settings of the function ``audit-conservation``."""

    AUDIT_TABLE: str
