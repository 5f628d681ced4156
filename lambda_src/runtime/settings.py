"""Settings: one frozen class per function; its field names are the environment variables' names.

The stacks call ``to_env()`` (values may still be unresolved CDK tokens, so nothing is checked there), the function
calls ``from_env()`` once at cold start, which names every missing variable. A function is given its own class only.
"""

import os
from collections.abc import Mapping
from typing import Any, Self, dataclass_transform


class MissingSettings(RuntimeError):
    """Environment variables that the function needs are absent or empty."""


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

    __hash__ = None  # type: ignore[assignment]  # nobody keeps settings in a set

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in vars(self).items())})"

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """The variables' names, in the order in which they are declared."""
        kinds = [kind for kind in reversed(cls.__mro__) if issubclass(kind, Settings)]
        return tuple(name for kind in kinds for name in kind.__annotations__)

    def to_env(self) -> dict[str, str]:
        return {name: getattr(self, name) for name in self.names()}

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Self:
        values = os.environ if env is None else env
        missing = [name for name in cls.names() if name not in values]
        if missing:
            raise MissingSettings(f"{cls.__name__} needs the environment variable(s) {', '.join(missing)}")
        return cls(**{name: values[name] for name in cls.names()})


class SellerSettings(Settings):
    """Of functions that call AWS Marketplace, see marketplace.seller; both empty where they call it as themselves."""

    SELLER_ROLE_ARN: str
    EXTERNAL_ID: str


class RegistrationSettings(SellerSettings):
    PRODUCT_CODE: str
    #: ``license``, ``legacy`` or ``mixed`` (a product in migration), see marketplace.billing_identity.
    INTEGRATION: str
    #: ``subscription``, ``contract`` or ``contract-with-consumption``.
    PRICING_MODEL: str
    #: JSON, see marketplace.tiers: the stage's tiers, lowest first, with what each includes.
    TIERS: str
    METERING_REGION: str
    #: See SubscriptionNoticesSettings.
    NOTICES_OF: str
    SUBSCRIBERS_TABLE: str
    NOTICES_TABLE: str
    #: The secret in Secrets Manager that signs the registration page's sessions.
    SESSION_SECRET_ARN: str


class SubscriptionNoticesSettings(Settings):
    PRODUCT_CODE: str
    INTEGRATION: str
    #: ``all``, or the comma-separated accounts and billing keys of test buyers, see buyer.allowed_buyers.
    NOTICES_OF: str
    SUBSCRIBERS_TABLE: str
    NOTICES_TABLE: str


class SubscriberApiSettings(Settings):
    SUBSCRIBERS_TABLE: str


class EntitlementNoticesSettings(SellerSettings):
    PRODUCT_CODE: str
    INTEGRATION: str
    #: See SubscriptionNoticesSettings.
    NOTICES_OF: str
    PRICING_MODEL: str
    TIERS: str
    SUBSCRIBERS_TABLE: str
    NOTICES_TABLE: str


class UsageSettings(Settings):
    SUBSCRIBERS_TABLE: str
    USAGE_EVENTS_TABLE: str
    METERING_RECORDS_TABLE: str
    #: JSON, see marketplace.dimensions.
    DIMENSIONS: str
    #: Number of shards of the pending index, 1 to 16.
    PENDING_SHARDS: str
    #: JSON, see usage.reporters: who may report what; ``[]``: whoever IAM lets in, everything.
    REPORTERS: str


class UsageQueueSettings(UsageSettings):
    #: Where events wait that may be recorded later; its own delay says how long.
    WAITING_USAGE_QUEUE_URL: str
    #: Where refused events are kept for people.
    REFUSED_USAGE_QUEUE_URL: str


class FindDueHoursSettings(Settings):
    METERING_RECORDS_TABLE: str
    DIMENSIONS: str
    SEAL_DELAY_MINUTES: str


class PutZeroRecordsSettings(Settings):
    PRICING_MODEL: str
    #: ``off``, ``every`` or a dimension's name, see ``metering.seal.seal_rules.HourlyZeros``.
    HOURLY_ZEROS: str
    SEAL_DELAY_MINUTES: str
    SUBSCRIBERS_TABLE: str
    METERING_RECORDS_TABLE: str
    PENDING_SHARDS: str


class MeteringModeSettings(Settings):
    """Whose usage is sent, see ``metering.run.Mode``."""

    #: ``off``, ``dry-run``, ``test-buyers`` or ``live``.
    METERING_MODE: str
    #: Comma-separated billing keys that ``test-buyers`` sends for; may be empty.
    TEST_BUYERS: str


class SealHoursSettings(MeteringModeSettings):
    PRODUCT_CODE: str
    PRICING_MODEL: str
    TIERS: str
    DIMENSIONS: str
    HOURLY_ZEROS: str
    SUBSCRIBERS_TABLE: str
    METERING_RECORDS_TABLE: str
    USAGE_EVENTS_TABLE: str
    STATE_TABLE: str
    PENDING_SHARDS: str


class PlanBatchesSettings(MeteringModeSettings):
    SUBSCRIBERS_TABLE: str
    METERING_RECORDS_TABLE: str


class SubmitBatchSettings(SellerSettings, MeteringModeSettings):
    SUBSCRIBERS_TABLE: str
    METERING_RECORDS_TABLE: str
    USAGE_EVENTS_TABLE: str
    STATE_TABLE: str
    METERING_REGION: str
    #: BatchMeterUsage calls per second for the whole stage.
    CALLS_PER_SECOND: str
    #: How many copies of this function share that rate: its reserved concurrency.
    SUBMIT_CONCURRENCY: str


class SettleHoursSettings(MeteringModeSettings):
    METERING_RECORDS_TABLE: str


class ReportSettings(MeteringModeSettings):
    METERING_RECORDS_TABLE: str
    DIMENSIONS: str
    #: Where a copy of every failed line goes.
    FAILED_LINES_QUEUE_URL: str


class FindFinalHoursSettings(Settings):
    SUBSCRIBERS_TABLE: str
    METERING_RECORDS_TABLE: str


class RefuseUsageSettings(Settings):
    SUBSCRIBERS_TABLE: str


class EndSubscriptionSettings(Settings):
    DIMENSIONS: str
    SUBSCRIBERS_TABLE: str
    METERING_RECORDS_TABLE: str
    STATE_TABLE: str


class StartFinalMeteringSettings(Settings):
    #: Of the state machine of final metering: what is started.
    FINAL_METERING_ALIAS_ARN: str


class LookAfterLeaversSettings(StartFinalMeteringSettings):
    SUBSCRIBERS_TABLE: str
    #: The state machine itself: its executions are looked at, whatever they were started by.
    FINAL_METERING_ARN: str
