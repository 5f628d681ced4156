"""The notices' function and the operators' function on tables in moto."""

import json
from collections import Counter
from typing import Any, cast

import pytest

from subscription import api, handlers
from tests.unit.log_lines import log_lines
from tests.unit.messages import PRODUCT, Context, failed, queue


class Room:
    """The two functions, and the tables under them."""

    def __init__(self, subscribers: Any, notices: Any, capsys: pytest.CaptureFixture[str]) -> None:
        self.subscribers = subscribers
        self.notices = notices
        self._capsys = capsys

    def receive(self, *bodies: str) -> list[str]:
        return failed(handlers.handle_notices(queue(*bodies), Context()))

    def counted(self, *bodies: str) -> dict[str, int]:
        """The metrics that these notices are counted by."""
        self._capsys.readouterr()
        assert self.receive(*bodies) == []
        told: Counter[str] = Counter()
        for line in self._capsys.readouterr().out.splitlines():
            if '"_aws"' in line:
                told.update({name: sum(v) for name, v in json.loads(line).items() if isinstance(v, list)})
        return dict(told)

    def said(self, *bodies: str) -> list[dict[str, Any]]:
        """The log's lines of these notices."""
        with log_lines(handlers.logger) as written:
            self.receive(*bodies)
        return [json.loads(line) for line in written.getvalue().splitlines()]

    def row(self, key: str) -> dict[str, Any]:
        return dict(self.subscribers.get_item(Key={"customerIdentifier": key})["Item"])

    def keys(self) -> list[str]:
        return sorted(item["customerIdentifier"] for item in self.subscribers.scan()["Items"])

    def kept(self) -> dict[str, str]:
        """Reasons by notice, without what is known of agreements."""
        items = self.notices.scan()["Items"]
        return {item["noticeId"]: item["reason"] for item in items if "#" not in item["noticeId"]}

    def details(self) -> dict[str, str]:
        return {item["noticeId"]: item["detail"] for item in self.notices.scan()["Items"] if "detail" in item}

    def get(self, path: str) -> tuple[int, dict[str, Any]]:
        request = {"httpMethod": "GET", "path": path, "headers": {}, "requestContext": {"stage": "v1"}}
        answer = api.handle(request, cast(Any, Context()))
        return answer["statusCode"], json.loads(answer["body"])


def environment(subscribers: Any, notices: Any, *, integration: str, notices_of: str) -> dict[str, str]:
    return {
        "PRODUCT_CODE": PRODUCT,
        "INTEGRATION": integration,
        "NOTICES_OF": notices_of,
        "SUBSCRIBERS_TABLE": subscribers.name,
        "NOTICES_TABLE": notices.name,
    }
