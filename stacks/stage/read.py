"""Reading ``stages/<name>.toml``. Every fault ends as one line that names file, key and remedy (``StageError``)."""

import re
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

from marketplace.billing_identity import BILLING_KEY
from marketplace.regions import METERING_REGIONS, NOTICES_REGION
from stacks.stage import company
from stacks.stage.alarms import read_alarms
from stacks.stage.meant import NEEDED_NOTICES, faults
from stacks.stage.product import read_dimensions, read_tiers
from stacks.stage.section import Section, StageError
from stacks.stage.settings import Stage

INTEGRATIONS = ("license", "legacy", "mixed")
PRICING_MODELS = ("subscription", "contract", "contract-with-consumption")
METERING_MODES = ("off", "dry-run", "test-buyers", "live")
NOTICES = ("eventbridge", "sns")
NOTICES_OF = ("everybody", "test-accounts")
#: Lambda drops lines below the level, and lines without one (the metrics among them) count as INFO
LOG_LEVELS = ("DEBUG", "INFO")
#: AWS: CloudWatch Logs accepts these numbers of days only (PutRetentionPolicy)
LOG_RETENTION_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288)

PRODUCT_CODE_REMEDY = (
    "set it to the product code shown in the AWS Marketplace Management Portal (or pass -c productCode=...)"
)
#: what AWS takes in a stack's name (CloudFormation), with room for our own words
NAME = r"[A-Za-z][A-Za-z0-9-]{0,30}"


def names(folder: Path) -> list[str]:
    """The stages that a folder has files of."""
    return sorted(path.stem for path in folder.glob("*.toml") if path.is_file())


def load(name: str, *, folder: Path, product_code: str | None = None) -> Stage:
    """The stage of that name; ``product_code`` is used instead of the file's. Raises StageError."""
    file = f"{folder.name}/{name}.toml"
    if name not in names(folder):
        raise StageError(f"{file}: there is no such stage: name one of {', '.join(names(folder))} (-c stage=...)")
    if not re.fullmatch(NAME, name):
        raise StageError(f"{file}: {name!r} cannot be part of a stack's name: use a letter, then letters, digits and -")
    values = _values(folder / f"{name}.toml", file)
    if product_code:
        values["productCode"] = product_code
    return _read(name, Section(values, file=file), default_clock=folder.parent / "build" / "local" / "clock-offset")


def _values(path: Path, file: str) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"), parse_float=Decimal)
    except UnicodeDecodeError:
        raise StageError(f"{file}: this is not UTF-8 text: save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise StageError(f"{file}: this is not valid TOML, {error}; correct that line") from None
    except ValueError:
        # Python refuses to read whole numbers of more than some thousand digits
        raise StageError(f"{file}: a number has too many digits: write a number that you mean") from None


def _read(name: str, top: Section, *, default_clock: Path) -> Stage:
    region = top.one_of("region", METERING_REGIONS)
    integration = top.one_of("integration", INTEGRATIONS)
    dimensions = read_dimensions(
        top.section("dimensions", remedy="add one [dimensions.<name>] table per usage dimension")
    )
    movable = top.flag("movableClock", remedy="set it to true or false", default=False)
    mode = top.one_of("meteringMode", METERING_MODES)
    keeps = top.one_of("removalPolicy", ("retain", "destroy")) == "retain"
    seller_role, external_id = company.read_seller(top)
    stage = Stage(
        name=name,
        product_code=_product_code(top),
        account=company.read_account(top),
        integration=integration,
        pricing_model=top.one_of("pricingModel", PRICING_MODELS),
        region=region,
        suffix=_suffix(top),
        notices=_notices(top, integration),
        notices_of=_notices_of(top, mode, keeps),
        metering_mode=mode,
        test_buyers=top.matching_texts(
            "testBuyers", BILLING_KEY.pattern, 'list billing keys, for example ["l-0123456789abcdef"], or []'
        ),
        test_accounts=company.read_accounts(top, "testAccounts"),
        seal_delay_minutes=top.number("sealDelayMinutes", 1, 50),
        calls_per_second=top.number("marketplaceCallsPerSecond", 1, 10),
        submit_concurrency=top.number("submitConcurrency", 1, 10),
        pending_shards=top.number("pendingShards", 1, 16),
        requests_per_second=top.number("requestsPerSecond", 1, 10_000),
        request_burst=top.number("requestBurst", 1, 5_000),
        public_concurrency=top.optional_number("publicConcurrency", 1, 1_000),
        table_read_units=top.optional_number("tableReadUnits", 1, 40_000),
        table_write_units=top.optional_number("tableWriteUnits", 1, 40_000),
        waiting_usage_seconds=top.number("waitingUsageSeconds", 1, 900, default=900),
        log_level=top.one_of("logLevel", LOG_LEVELS),
        log_retention_days=_retention(top),
        keep_data=keeps,
        movable_clock=movable,
        clock_offset_file=str(default_clock) if movable else None,
        hourly_zeros=top.one_of("hourlyZeros", ("off", "every", *dimensions), default="off"),
        currency=_currency(top),
        dimensions=dimensions,
        tiers=read_tiers(top, dimensions),
        alarms=read_alarms(top.section("alarms", remedy="add an [alarms] table"), sorted({region, NOTICES_REGION})),
        seller_role_arn=seller_role,
        external_id=external_id,
        reporters=company.read_reporters(top, dimensions),
        domain=company.read_domain(top, region),
        firewall_requests=company.read_firewall(top),
        encryption_key_arn=company.read_key(top, region),
        permissions_boundary=company.read_boundary(top),
        bootstrap_qualifier=company.read_qualifier(top),
        budget=company.read_budget(top),
        tags=company.read_tags(top),
    )
    top.close()
    for fault in faults(stage):
        raise top.fault(*fault)
    return stage


def _product_code(top: Section) -> str:
    code = top.text("productCode", remedy=PRODUCT_CODE_REMEDY)
    # the portal shows both beside each other: the id of an entity of the catalogue (prod-4abc...) and the code
    if re.match(r"(prod|offer|agmt)-", code):
        raise top.fault("productCode", f"is {code!r}, an id of AWS Marketplace's catalogue", PRODUCT_CODE_REMEDY)
    return top.matching("productCode", r"[A-Za-z0-9]{10,64}", PRODUCT_CODE_REMEDY)


def _notices(top: Section, integration: str) -> tuple[str, ...]:
    """The ways in which notices come; by default those that the integration needs."""
    if "notices" not in top:
        return NEEDED_NOTICES[integration]
    remedy = 'list "eventbridge", "sns" or both, as the product has them'
    return top.matching_texts("notices", "|".join(NOTICES), remedy)


def _notices_of(top: Section, mode: str, keeps: bool) -> str:
    """A live stage takes everybody's. One that keeps its data has to say it: it may have been live before.

    Notices are not sent again: what a stage leaves alone while it is not live for an afternoon is lost to it.
    """
    if "noticesOf" in top or mode == "live":
        return top.one_of("noticesOf", NOTICES_OF, default="everybody")
    if keeps:
        raise top.fault(
            "noticesOf",
            "is missing",
            'set it to "everybody" if real buyers have come to this stage, to "test-accounts" if it was never live',
        )
    return "test-accounts"


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
