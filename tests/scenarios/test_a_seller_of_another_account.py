"""The product is another account's: its role is assumed before lines are sent, and no answer of STS costs a line."""

import pytest
from botocore.exceptions import ReadTimeoutError

from marketplace.meter_usage import UsageMeter
from marketplace.seller import Seller
from runtime.metric_names import MeteringMetric
from tests.scenarios.world import World
from tests.security_tokens import given, refused, security_tokens, silent

ROLE = Seller("arn:aws:iam::999988887777:role/Metering", "yawl-metering:prod")


@pytest.fixture
def world(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("AWS_ENDPOINT_URL_MARKETPLACE_METERING", world.server.url)
    monkeypatch.setattr(World, "meter", property(lambda _: UsageMeter.connect("us-east-1", ROLE)))
    return world


def used(world: World, number: int = 3) -> list[str]:
    buyers = [world.buyer() for _ in range(number)]
    world.report(*(world.event(buyer, "a", 2) for buyer in buyers))
    return buyers


def test_a_denied_seller_role_stops_the_run_pages_and_leaves_lines_pending(world: World) -> None:
    with security_tokens(refused("AccessDenied", 403)) as tokens:
        buyers = used(world)
        assert world.next_run() == ["ProductFault"]
        assert world.counted[MeteringMetric.PRODUCT_FAULTS] == 1
        assert world.marketplace.summary()["calls"] == 0
        assert {verdict for buyer in buyers for verdict in world.verdicts(buyer).values()} == {None}
        tokens.answer = given()
        assert world.run() == []
    assert [world.billed(buyer) for buyer in buyers] == [2, 2, 2]


@pytest.mark.parametrize(
    "answer", [refused("Throttling", 400), refused("InternalFailure", 500), silent(ReadTimeoutError(endpoint_url="x"))]
)
def test_a_throttled_sts_leaves_lines_pending_and_without_attempts(world: World, answer: object) -> None:
    with security_tokens(answer) as tokens:  # type: ignore[arg-type]
        (buyer,) = used(world, 1)
        assert world.next_run() == ["MarketplaceBusy"]
        assert world.counted[MeteringMetric.PRODUCT_FAULTS] == 0
        assert not world.record(buyer).lines["workflow_executions"].attempts
        tokens.answer = given()
        assert world.run() == []
    assert world.billed(buyer) == 2
