"""The functions ``subscription-notices`` and ``subscriber-api``, and the tables below them."""

import json
from typing import Any, cast

import pytest

from buyer.handlers import subscriber_api, subscription_notices
from tests.unit.emitted import emitted
from tests.unit.log_lines import log_lines
from tests.unit.messages import Context, failed, queue


class Stage:
    """The two functions, and the tables below them."""

    def __init__(self, subscribers: Any, notices: Any, capsys: pytest.CaptureFixture[str]) -> None:
        self.subscribers = subscribers
        self.notices = notices
        self._capsys = capsys

    def receive(self, *bodies: str) -> list[str]:
        return failed(subscription_notices.handler(queue(*bodies), Context()))

    def counted(self, *bodies: str) -> dict[str, int]:
        """The metrics that these notices are counted by."""
        self._capsys.readouterr()
        assert self.receive(*bodies) == []
        return dict(emitted(self._capsys))

    def logged(self, *bodies: str) -> list[dict[str, Any]]:
        """The log's lines of these notices."""
        with log_lines(subscription_notices.logger) as written:
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
        answer = subscriber_api.handler(request, cast(Any, Context()))
        return answer["statusCode"], json.loads(answer["body"])
