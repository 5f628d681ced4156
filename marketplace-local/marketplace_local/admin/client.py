"""A client of the admin interface. It needs the standard library only."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import ProxyHandler, Request, build_opener

JsonObject = dict[str, Any]


class AdminRefused(RuntimeError):
    """The Marketplace refused an admin request; the message has the reason."""


class MarketplaceAdmin:
    """Sets up products and buyers, arms faults, reads the log. Times are ISO 8601 with a zone; absent means now."""

    def __init__(self, url: str, timeout: float = 30.0) -> None:
        self.url = url.rstrip("/")
        self._timeout = timeout
        self._opener = build_opener(ProxyHandler({}))  # The machine's proxy has no part in loopback traffic.

    def create_product(
        self,
        product_code: str,
        dimensions: Iterable[str],
        *,
        integration: str = "license",
        contract_dimensions: Iterable[str] = (),
        region: str = "us-east-1",
        prices: Mapping[str, str] | None = None,
    ) -> JsonObject:
        """Adds or replaces a product and returns it. dimensions: those that are metered; contract_dimensions: those
        that entitlements have; prices: of a unit, by dimension (a cent where none is given)."""
        return self._call(
            "POST",
            "products",
            {
                "productCode": product_code,
                "integration": integration,
                "dimensions": list(dimensions),
                "contractDimensions": list(contract_dimensions),
                "region": region,
                "prices": dict(prices or {}),
            },
        )

    def change_listing(self, product_code: str, **listing: str) -> JsonObject:
        """title, entityType, visibility, fulfilmentUrl: parts of the listing that the Catalog API shows."""
        return self._call("POST", f"products/{quote(product_code, safe='')}/listing", listing)

    def create_buyer(
        self,
        product_code: str,
        kind: str = "license",
        *,
        account_id: str | None = None,
        activated_at: str | None = None,
        free_trial: bool = False,
        entitlements: Iterable[JsonObject] = (),
    ) -> JsonObject:
        """The new buyer with its registration token; not active unless ``activated_at`` is given (ISO or ``now``)."""
        body = {"productCode": product_code, "kind": kind, "entitlements": list(entitlements)}
        optional = {"accountId": account_id, "activatedAt": activated_at, "freeTrial": free_trial}
        return self._call("POST", "buyers", body | {name: value for name, value in optional.items() if value})

    def buyers(self) -> list[JsonObject]:
        """Every buyer, oldest first, as ``buyer`` returns it."""
        found: list[JsonObject] = self._call("GET", "buyers")["buyers"]
        return found

    def buyer(self, buyer_id: str) -> JsonObject:
        """One buyer with its periods and entitlements, without its token."""
        return self._call("GET", f"buyers/{quote(buyer_id, safe='')}")

    def notices(self, buyer_id: str) -> list[JsonObject]:
        """``{at, channel, body}`` each: the starts and ends that AWS would have notified by now."""
        found: list[JsonObject] = self._call("GET", f"buyers/{quote(buyer_id, safe='')}/notices")["notices"]
        return found

    def activate(self, buyer_id: str, at: str | None = None) -> JsonObject:
        """The buyer's agreement starts. Returns the buyer."""
        return self._change(buyer_id, "activate", {"at": at})

    def end(self, buyer_id: str, at: str | None = None) -> JsonObject:
        """The buyer's agreement ends. Returns the buyer."""
        return self._change(buyer_id, "end", {"at": at})

    def succeed(self, buyer_id: str, how: str, *, licence: str = "same", at: str | None = None) -> JsonObject:
        """Another agreement follows: ``RENEWED`` or ``REPLACED``, with the ``same`` licence or a ``new`` one. Returns
        the buyer whose agreement it is."""
        return self._change(buyer_id, "succeed", {"how": how, "licence": licence, "at": at})

    def lose(self, buyer_id: str, *notices: str) -> JsonObject:
        """Notices whose names begin so never arrive (``""``: none does); without any, all arrive again."""
        return self._change(buyer_id, "lose", {"notices": list(notices)})

    def suspend(self, buyer_id: str) -> JsonObject:
        """AWS suspends the buyer's account: the buyer is not subscribed until ``resume``."""
        return self._change(buyer_id, "suspend", {})

    def resume(self, buyer_id: str) -> JsonObject:
        """AWS lifts the suspension of the buyer's account. Returns the buyer."""
        return self._change(buyer_id, "resume", {})

    def set_entitlements(self, buyer_id: str, entitlements: Iterable[JsonObject]) -> JsonObject:
        """Replaces what the buyer holds by ``{dimension, value, expiresAt}`` each. Returns the buyer."""
        return self._change(buyer_id, "entitlements", {"entitlements": list(entitlements)})

    def new_token(self, buyer_id: str) -> str:
        """A new registration token of the buyer."""
        token: str = self._change(buyer_id, "token", {})["token"]
        return token

    def set_settings(self, **settings: Any) -> JsonObject:
        """identicalResend, emptyPages, callsPerSecond, tokenMinutes, usageAfterEnd."""
        return self._call("POST", "settings", settings)

    def set_clock(self, now: str) -> JsonObject:
        """The Marketplace's present, ISO 8601; time passes from there."""
        return self._call("POST", "clock", {"now": now})

    def advance_clock(self, seconds: float) -> JsonObject:
        """Moves the Marketplace's present forward by seconds. Returns ``{now}``."""
        return self._call("POST", "clock", {"advance": seconds})

    def arm(self, kind: str, **fault: Any) -> JsonObject:
        """One fault, see ``README.md``: ``arm("throttle", until="2026-11-15T13:00:00Z")``."""
        return self._call("POST", "faults", {"kind": kind, **fault})

    def faults(self) -> list[JsonObject]:
        """The faults that are still armed, oldest first."""
        found: list[JsonObject] = self._call("GET", "faults")["faults"]
        return found

    def arm_at_random(self, seed: int, rates: dict[str, float], **options: Any) -> JsonObject:
        """Faults at random, see ``faults.at_random``; they begin with call number 1 again.

        options: ``operations`` (default BatchMeterUsage), ``error``, ``seconds``.
        """
        return self._call("POST", "random-faults", {"seed": seed, "rates": rates, **options})

    def random_faults(self) -> JsonObject:
        """The rates, with ``calls``: the calls counted so far by operation."""
        return self._call("GET", "random-faults")

    def clear_faults(self) -> None:
        """Disarms all faults, those at random too."""
        self._call("DELETE", "faults")

    def misstate(self, of: str, buyer: str, period: str, **more: str) -> JsonObject:
        """AWS's books show an entry otherwise: ``of`` ``feed`` (period: a day) or ``invoice`` (a month).

        more: ``amount`` (absent: the entry is missing), ``dimension``, ``until`` (from then on the entry is right).
        """
        return self._call("POST", "misstatements", {"of": of, "buyer": buyer, "period": period, **more})

    def name_caller(self, access_key: str, role: str) -> JsonObject:
        """CloudTrail names this role for calls that are signed with the access key."""
        return self._call("POST", "callers", {"accessKey": access_key, "role": role})

    def feeds(self) -> dict[str, str]:
        """The seller's data feeds of usage and accounts: each file's CSV by its key in the seller's bucket."""
        files: dict[str, str] = self._call("GET", "feeds")["files"]
        return files

    def deliver_feeds(self, s3: Any, bucket: str, prefix: str = "") -> None:
        """Writes the data feeds into a bucket, as AWS does every day. ``s3``: boto3's client."""
        for key, text in self.feeds().items():
            s3.put_object(Bucket=bucket, Key=prefix + key, Body=text.encode())

    def calls(self) -> Iterator[JsonObject]:
        """Every call of AWS's interface, oldest first."""
        return self._pages("log", "calls")

    def accepted(self) -> Iterator[JsonObject]:
        """Every record that AWS would bill, oldest first."""
        return self._pages("log/accepted", "accepted")

    def summary(self) -> JsonObject:
        """Counts of metered records; see ``CallLog.summary``."""
        return self._call("GET", "summary")

    def health(self) -> JsonObject:
        """``{status, now}``: the status is ``ok``, now is the Marketplace's present."""
        return self._call("GET", "health")

    def _change(self, buyer_id: str, action: str, body: JsonObject) -> JsonObject:
        return self._call("POST", f"buyers/{quote(buyer_id, safe='')}/{action}", body)

    def _pages(self, path: str, name: str) -> Iterator[JsonObject]:
        after: int | None = 0
        while after is not None:
            found = self._call("GET", f"{path}?{urlencode({'after': after, 'limit': 5000})}")
            yield from found[name]
            after = found["next"]

    def _call(self, method: str, path: str, body: JsonObject | None = None) -> JsonObject:
        data = json.dumps(body or {}).encode() if method == "POST" else None
        request = Request(f"{self.url}/_local/{path}", data, {"Content-Type": "application/json"}, method=method)  # noqa: S310
        try:
            with self._opener.open(request, timeout=self._timeout) as response:
                found: JsonObject = json.load(response)
                return found
        except HTTPError as error:
            raise AdminRefused(f"{method} {path}: {error.read().decode(errors='replace')}") from None
