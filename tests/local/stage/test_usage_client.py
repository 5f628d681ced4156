"""The usage client on the deployed stage: through IAM and the API's own function to the Marketplace."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.session import Session

from local.replay.buyers import Buyer
from tests.local.stage.acting import Acting
from yawl_metering import Settings, UsageClient

pytestmark = [pytest.mark.local, pytest.mark.timeout(120)]


def new_client(acting: Acting, spool: Path, settings: Settings | None = None) -> UsageClient:
    credentials = acting.stage.usage_sender.get_credentials()
    assert credentials is not None
    session = Session()
    session.set_credentials(credentials.access_key, credentials.secret_key, credentials.token)
    return UsageClient.for_api(
        "client-test",
        acting.stage.api.url,
        spool,
        region=acting.stage.usage_sender.region_name,
        session=session,
        settings=settings,
        clock=lambda: acting.now,
    )


@pytest.fixture
def client(acting: Acting, tmp_path: Path) -> Iterator[UsageClient]:
    with new_client(acting, tmp_path) as made:
        yield made


def test_calls_reach_the_marketplace_once(acting: Acting, tmp_path: Path) -> None:
    """What a first process left is sent by a second one. Of a basic tier 5 executions, 1 user and 500 calls are
    included; 2,500 calls are two thousands, the rest stays in the balance."""
    [buyer] = acting.arrive(1)
    key = buyer.customer_identifier
    hour = acting.hour
    first = new_client(acting, tmp_path, Settings(flush_interval=300))
    for _ in range(3000):
        first.record_api_calls(key)
    for number in range(7):
        first.record_workflow_execution(key, execution_id=f"case-{number}", occurred_at=acting.now)
    for user in ("ann", "bob", "ann"):
        first.record_active_user(key, user)
    assert first._process is not None
    first._process.abandon()  # as a killed process leaves it
    with new_client(acting, tmp_path) as second:
        second.record_workflow_execution(key)
        assert second.flush(60) is True
        stats = second.stats()
    assert (stats.recorded, stats.refused, stats.duplicate) == (11, {}, 0)
    acting.close_hour()
    acting.end_run(acting.start_run())
    billed = {name: quantity for (_, when, name), quantity in acting.billed(buyer).items() if when == hour}
    usage = {
        each["dimension"]: each["counted"] for each in acting.get(buyer, f"/usage?from={hour}")["hours"][0]["usage"]
    }
    assert usage == {"api_calls": "3000", "workflow_executions": "8", "active_users": "2"}
    assert billed == {"api_calls": 2, "workflow_executions": 3, "active_users": 1}


def test_a_customer_who_comes_later_loses_nothing(acting: Acting, client: UsageClient) -> None:
    """Usage before the notice has arrived waits with the client."""
    client.record_api_calls("l-not-yet-known", 5)
    assert client.flush(30) is False
    assert client.stats().retry_later == 1
    assert client.stats().pending == 1


def test_a_named_refusal_reaches_the_app(acting: Acting, buyer: Buyer, tmp_path: Path) -> None:
    named: list[str] = []
    with new_client(acting, tmp_path, Settings(dimensions={"not_sold_here": "sum"})) as client:
        client.record(buyer.customer_identifier, "not_sold_here")
        assert client.flush(30) is True
        named += client.stats().refused
    assert named == ["unknown_dimension"]
