"""A stage: everything that differs between deployments, read from ``stages/<name>.toml`` and checked.

Every fault ends as one line that names file, key and remedy (``StageError``).
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from marketplace.dimensions import Dimension, to_json
from marketplace.regions import METERING_REGIONS, NOTICES_REGION
from marketplace.tiers import Tier
from marketplace.tiers import to_json as tiers_to_json
from stacks.stage_alarms import AlarmSettings, read_alarms
from stacks.stage_product import read_dimensions, read_tiers
from stacks.toml_section import Section, StageError

INTEGRATIONS = ("license", "legacy", "mixed")
PRICING_MODELS = ("subscription", "contract", "contract-with-consumption")
METERING_MODES = ("off", "dry-run", "test-buyers", "live")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
#: AWS: CloudWatch Logs accepts these numbers of days only (PutRetentionPolicy)
LOG_RETENTION_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288)

#: of the 4,096 bytes of a function's environment variables, for dimensions and tiers; the rest is for the others
MOST_OF_ENVIRONMENT = 3_000

PRODUCT_CODE_REMEDY = (
    "set it to the product code shown in the AWS Marketplace Management Portal (or pass -c productCode=...)"
)


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One deployment. Nothing but this object and its file knows a stage's name.

    suffix: appended to physical table names, empty in production. calls_per_second: BatchMeterUsage for the whole
    stage, AWS allows 10 per account and Region. hourly_zeros: off, every, or the one dimension for which idle hours
    send 0. currency: of the dimensions' prices. keep_data: tables outlive their stack and refuse deletion.
    waiting_usage_seconds: queued usage of a customer who is not active yet is tried again that often.
    clock_offset_file: set only where the clock can be moved (``movableClock``).
    """

    name: str
    product_code: str
    integration: str
    pricing_model: str
    region: str
    suffix: str
    metering_mode: str
    test_buyers: tuple[str, ...]
    seal_delay_minutes: int
    calls_per_second: int
    submit_concurrency: int
    pending_shards: int
    requests_per_second: int
    request_burst: int
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
    test_accounts: tuple[str, ...] = ()
    takes_all_notices: bool = True

    def with_clock_offset_file(self, path: str | None) -> "Stage":
        """Raises StageError where a path is given to a stage whose clock cannot be moved."""
        if path and not self.movable_clock:
            raise StageError(f"stages/{self.name}.toml: movableClock is not true: remove -c clockOffsetFile={path}")
        return replace(self, clock_offset_file=path) if path else self

    def notices_region_is_elsewhere(self) -> bool:
        return self.region != NOTICES_REGION


def names(folder: Path) -> list[str]:
    return sorted(path.stem for path in folder.glob("*.toml"))


def load(name: str, *, folder: Path, product_code: str | None = None) -> Stage:
    """The stage of that name; ``product_code`` is used instead of the file's. Raises StageError."""
    path = folder / f"{name}.toml"
    file = f"{folder.name}/{name}.toml"
    if name not in names(folder):
        raise StageError(f"{file}: there is no such stage: name one of {', '.join(names(folder))} (-c stage=...)")
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise StageError(f"{file}: this is not valid TOML, {error}; correct that line") from None
    if product_code:
        values["productCode"] = product_code
    return _read(name, Section(values, file=file), default_clock=folder.parent / "build" / "local" / "clock-offset")


def _read(name: str, top: Section, *, default_clock: Path) -> Stage:
    region = top.one_of("region", METERING_REGIONS)
    dimensions = read_dimensions(
        top.section("dimensions", remedy="add one [dimensions.<name>] table per usage dimension")
    )
    movable = top.flag("movableClock", remedy="set it to true or false", default=False)
    stage = Stage(
        name=name,
        product_code=top.matching("productCode", r"[A-Za-z0-9_/:.+=@-]{1,255}", PRODUCT_CODE_REMEDY),
        integration=top.one_of("integration", INTEGRATIONS),
        pricing_model=top.one_of("pricingModel", PRICING_MODELS),
        region=region,
        suffix=_suffix(top),
        metering_mode=top.one_of("meteringMode", METERING_MODES),
        test_buyers=top.texts("testBuyers", remedy='list billing keys, for example ["l-0123456789abcdef"], or []'),
        seal_delay_minutes=top.number("sealDelayMinutes", 1, 50),
        calls_per_second=top.number("marketplaceCallsPerSecond", 1, 10),
        submit_concurrency=top.number("submitConcurrency", 1, 10),
        pending_shards=top.number("pendingShards", 1, 16),
        requests_per_second=top.number("requestsPerSecond", 1, 10_000),
        request_burst=top.number("requestBurst", 1, 5_000),
        waiting_usage_seconds=top.number("waitingUsageSeconds", 1, 900, default=900),
        log_level=top.one_of("logLevel", LOG_LEVELS),
        log_retention_days=_retention(top),
        keep_data=top.one_of("removalPolicy", ("retain", "destroy")) == "retain",
        movable_clock=movable,
        clock_offset_file=str(default_clock) if movable else None,
        hourly_zeros=top.one_of("hourlyZeros", ("off", "every", *dimensions), default="off"),
        currency=_currency(top),
        dimensions=dimensions,
        tiers=read_tiers(top, dimensions),
        alarms=read_alarms(top.section("alarms", remedy="add an [alarms] table"), sorted({region, NOTICES_REGION})),
    )
    top.close()
    _fits_environment(top, stage)
    if stage.metering_mode == "test-buyers" and not stage.test_buyers:
        raise top.fault("testBuyers", "is empty", 'list the billing keys to send for, or set meteringMode = "dry-run"')
    if movable and stage.keep_data:
        raise top.fault(
            "movableClock", "is true on a stage that keeps its data", "remove it: it is for local runs only"
        )
    return stage


def _fits_environment(top: Section, stage: Stage) -> None:
    """AWS Lambda takes 4 KB of environment variables (Lambda quotas), and some functions get both of these in them."""
    size = len(to_json(stage.dimensions)) + len(tiers_to_json(stage.tiers))
    if size > MOST_OF_ENVIRONMENT:
        raise top.fault(
            "dimensions",
            f"and tiers take {size} of the {MOST_OF_ENVIRONMENT} bytes that functions have for them",
            "name fewer dimensions, or include less by name in the tiers",
        )


def _suffix(top: Section) -> str:
    remedy = 'start it with "-" (at most 16 of a-z, 0-9, "-"), or leave it "" in production'
    return "" if top.text("suffix", remedy=remedy) == "" else top.matching("suffix", r"-[a-z0-9-]{1,15}", remedy)


def _currency(top: Section) -> str:
    remedy = 'set it to the listing\'s currency, for example "USD"'
    return "USD" if "currency" not in top else top.matching("currency", r"[A-Z]{3}", remedy)


def _retention(top: Section) -> int:
    days = top.number("logRetentionDays", 1, max(LOG_RETENTION_DAYS))
    if days not in LOG_RETENTION_DAYS:
        allowed = ", ".join(str(number) for number in LOG_RETENTION_DAYS)
        raise top.fault("logRetentionDays", f"is {days}", f"CloudWatch Logs takes {allowed}")
    return days
