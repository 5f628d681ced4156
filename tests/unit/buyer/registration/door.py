"""The public function on tables in memory, as a browser and a program call it."""

import json
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

from buyer.handlers import registration
from marketplace.client import ResolvedCustomer
from tests.unit.marketplace_double import MarketplaceDouble
from tests.unit.messages import ACCOUNT, AGREEMENT, ARN, PRODUCT, T0, Context

TOKEN = 'tok7Kq+/="<&'
NOW = T0 + 0.5
MINUTE = 60
LEGACY = ResolvedCustomer(product_code=PRODUCT, customer_identifier="custA1", account_id=ACCOUNT, license_arn=ARN)
LICENSE = ResolvedCustomer(product_code=PRODUCT, account_id=ACCOUNT, license_arn=ARN, agreement_id=AGREEMENT)
WHO = {"email": "ann@acme.example", "company": "Acme", "name": "Ann Example"}
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}


@dataclass
class Times:
    """The clock of the doors, and the one by which they wait: waiting passes it, and nobody waits."""

    now: float = NOW
    monotonic: float = 0.0
    waits: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.monotonic += seconds


@dataclass
class Door:
    table: Any
    marketplace: MarketplaceDouble
    times: Times

    def request(
        self, method: str, path: str, body: str | None, headers: dict[str, str] | None, **more: Any
    ) -> dict[str, Any]:
        event = {"httpMethod": method, "path": path, "headers": headers, "body": body} | more
        event |= {"requestContext": {"stage": "v1"}, "isBase64Encoded": more.get("isBase64Encoded", False)}
        answer: dict[str, Any] = registration.handler(event, Context())
        answer["headers"] = {name: values[0] for name, values in answer["multiValueHeaders"].items()}
        return answer

    def form(self, path: str, posted: dict[str, str], **headers: str) -> dict[str, Any]:
        return self.request("POST", path, urlencode(posted), FORM | BROWSER | headers)

    def json(self, path: str, posted: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        answer = self.request("POST", path, json.dumps(posted), JSON)
        return answer["statusCode"], json.loads(answer["body"])

    def arrive(self, token: str = TOKEN) -> dict[str, str]:
        """Marketplace's POST; the form's hidden field."""
        answer = self.form("/register", {"x-amzn-marketplace-token": token})
        assert answer["statusCode"] == 200, answer
        return {"session": str(Page(answer["body"]).inputs["session"])}

    def row(self, key: str = "custA1") -> dict[str, Any]:
        return dict(self.table.get_item(Key={"customerIdentifier": key}).get("Item", {}))


class Page(HTMLParser):
    """The forms of a page: where they post to and the inputs they hold."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.action: str | None = None
        self.inputs: dict[str, str | None] = {}
        self.links: list[str | None] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self.action = given["action"]
        if tag == "input":
            self.inputs[str(given["name"])] = given.get("value")
        if tag == "a":
            self.links.append(given["href"])
