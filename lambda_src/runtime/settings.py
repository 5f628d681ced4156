"""Settings: one frozen class per function; its field names are the environment variables' names.

The stacks call ``to_env()`` (values may still be unresolved CDK tokens, so nothing is checked there), the function
calls ``from_env()`` once at cold start, which names every missing variable. A function is given its own class only.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Self


class MissingSettings(RuntimeError):
    """Environment variables that the function needs are absent or empty."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The base: strings in, strings out."""

    def to_env(self) -> dict[str, str]:
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Self:
        values = os.environ if env is None else env
        missing = [field.name for field in fields(cls) if field.name not in values]
        if missing:
            raise MissingSettings(f"{cls.__name__} needs the environment variable(s) {', '.join(missing)}")
        return cls(**{field.name: values[field.name] for field in fields(cls)})


@dataclass(frozen=True, kw_only=True)
class RegistrationSettings(Settings):
    PRODUCT_CODE: str
    #: ``license``, ``legacy`` or ``mixed`` (a product in migration), see marketplace.billing_identity
    INTEGRATION: str
    #: ``subscription``, ``contract`` or ``contract-with-consumption``
    PRICING_MODEL: str
    #: JSON, see marketplace.tiers: the stage's tiers, lowest first, with what each includes
    TIERS: str
    METERING_REGION: str
    SUBSCRIBERS_TABLE: str


@dataclass(frozen=True, kw_only=True)
class SubscriptionNoticesSettings(Settings):
    PRODUCT_CODE: str
    INTEGRATION: str
    SUBSCRIBERS_TABLE: str
    NOTICES_TABLE: str


@dataclass(frozen=True, kw_only=True)
class SubscriberApiSettings(Settings):
    SUBSCRIBERS_TABLE: str


@dataclass(frozen=True, kw_only=True)
class EntitlementNoticesSettings(Settings):
    PRODUCT_CODE: str
    INTEGRATION: str
    PRICING_MODEL: str
    TIERS: str
    SUBSCRIBERS_TABLE: str
    NOTICES_TABLE: str


@dataclass(frozen=True, kw_only=True)
class UsageSettings(Settings):
    SUBSCRIBERS_TABLE: str
    USAGE_EVENTS_TABLE: str
    METERING_RECORDS_TABLE: str
    #: JSON, see marketplace.dimensions
    DIMENSIONS: str
    #: number of shards of the pending index, 1 to 16
    PENDING_SHARDS: str


@dataclass(frozen=True, kw_only=True)
class UsageQueueSettings(UsageSettings):
    #: where events wait that may be recorded later; its own delay says how long
    WAITING_USAGE_QUEUE_URL: str
    #: where refused events are kept for people
    REFUSED_USAGE_QUEUE_URL: str


@dataclass(frozen=True, kw_only=True)
class FindDueHoursSettings(Settings):
    METERING_RECORDS_TABLE: str
    DIMENSIONS: str
    SEAL_DELAY_MINUTES: str


@dataclass(frozen=True, kw_only=True)
class PutZeroRecordsSettings(Settings):
    PRICING_MODEL: str
    #: ``off``, ``every`` or a dimension's name, see metering.zero_rules
    HOURLY_ZEROS: str
    SEAL_DELAY_MINUTES: str
    SUBSCRIBERS_TABLE: str
    METERING_RECORDS_TABLE: str
    PENDING_SHARDS: str


@dataclass(frozen=True, kw_only=True)
class MeteringModeSettings(Settings):
    """Whose usage is sent, see metering.mode."""

    #: ``off``, ``dry-run``, ``test-buyers`` or ``live``
    METERING_MODE: str
    #: comma-separated billing keys that ``test-buyers`` sends for; may be empty
    TEST_BUYERS: str


@dataclass(frozen=True, kw_only=True)
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


@dataclass(frozen=True, kw_only=True)
class PlanBatchesSettings(MeteringModeSettings):
    SUBSCRIBERS_TABLE: str
    METERING_RECORDS_TABLE: str


@dataclass(frozen=True, kw_only=True)
class SubmitBatchSettings(MeteringModeSettings):
    SUBSCRIBERS_TABLE: str
    METERING_RECORDS_TABLE: str
    USAGE_EVENTS_TABLE: str
    STATE_TABLE: str
    METERING_REGION: str
    #: BatchMeterUsage calls per second for the whole stage
    CALLS_PER_SECOND: str
    #: how many copies of this function share that rate: its reserved concurrency
    SUBMIT_CONCURRENCY: str


@dataclass(frozen=True, kw_only=True)
class SettleHoursSettings(MeteringModeSettings):
    METERING_RECORDS_TABLE: str


@dataclass(frozen=True, kw_only=True)
class ReportSettings(MeteringModeSettings):
    METERING_RECORDS_TABLE: str
    DIMENSIONS: str
    #: where a copy of every failed line goes
    FAILED_LINES_QUEUE_URL: str


@dataclass(frozen=True, kw_only=True)
class FindFinalHoursSettings(Settings):
    SUBSCRIBERS_TABLE: str
    METERING_RECORDS_TABLE: str


@dataclass(frozen=True, kw_only=True)
class RefuseUsageSettings(Settings):
    SUBSCRIBERS_TABLE: str


@dataclass(frozen=True, kw_only=True)
class EndSubscriptionSettings(Settings):
    SUBSCRIBERS_TABLE: str
    METERING_RECORDS_TABLE: str
    STATE_TABLE: str


@dataclass(frozen=True, kw_only=True)
class StartFinalMeteringSettings(Settings):
    #: the state machine of final metering
    FINAL_METERING_ARN: str


@dataclass(frozen=True, kw_only=True)
class LookAfterLeaversSettings(Settings):
    SUBSCRIBERS_TABLE: str
    FINAL_METERING_ARN: str
