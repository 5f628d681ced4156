"""The local Marketplace in a process of its own, with the benchmark's time as its clock, and buyers on it."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from bench.figure import PROJECT
from bench.house import AFTER, DIMENSIONS, HOUR, PRODUCT, House
from local.marketplace_process import start_marketplace
from marketplace.meter_usage import UsageMeter
from marketplace_local.admin import MarketplaceAdmin
from runtime.clock import iso

FOLDER = PROJECT / "build" / "bench"


@contextmanager
def marketplace(calls_per_second: float, now: float = AFTER) -> Iterator[MarketplaceAdmin]:
    """Yield a new local Marketplace that enforces so many calls in any second; its product has the house's
    dimensions."""
    with start_marketplace(FOLDER / "marketplace.log") as child:
        admin = MarketplaceAdmin(child.url(timeout=20))
        admin.set_clock(iso(now))
        admin.create_product(PRODUCT, DIMENSIONS, integration="license")
        admin.set_settings(callsPerSecond=calls_per_second)
        yield admin


def buyers(admin: MarketplaceAdmin, house: House, number: int) -> list[dict[str, str]]:
    """Make active buyers that Marketplace and house both have: their ``id``, ``licenseArn`` and ``accountId``."""
    found = []
    for _ in range(number):
        bought = admin.create_buyer(PRODUCT, "license", activated_at=iso(HOUR - 30 * 86400))
        house.subscribe(bought["id"], bought["licenseArn"], bought["accountId"])
        found.append({name: str(bought[name]) for name in ("id", "licenseArn", "accountId")})
    return found


def renamed(old: Sequence[dict[str, str]], new: Sequence[dict[str, str]]) -> dict[str, str]:
    """The texts to replace, for ``replay.rewritten``, so that requests about some buyers become requests about
    others."""
    names: dict[str, str] = {}
    for one, other in zip(old, new, strict=True):
        # The ARN holds the other two.
        names |= {one[name]: other[name] for name in ("licenseArn", "id", "accountId")}
    return dict(sorted(names.items(), key=lambda pair: -len(pair[0])))


def meter(url: str) -> UsageMeter:
    """The meter that the functions use, pointed at the local Marketplace by its variable."""
    os.environ["AWS_ENDPOINT_URL_MARKETPLACE_METERING"] = url
    os.environ.setdefault("AWS_ACCESS_KEY_ID", "bench")
    os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "bench")
    return UsageMeter.connect("us-east-1")


def client_of(usage_meter: UsageMeter) -> Any:
    """The botocore client that the meter calls."""
    return usage_meter._client
