"""The usage client on the deployed stage: through IAM and the API's own function to the Marketplace."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.session import Session

from local.replay.buyers import Buyer
from tests.example_programs import PROGRAMS, command
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
    hour, moment = acting.hour, acting.now
    # nobody listens there: all it can do is keep what it is told
    first = UsageClient.for_api("first", "http://127.0.0.1:9", tmp_path, region="us-east-1", clock=lambda: moment)
    for _ in range(3000):
        first.record_api_calls(key)
    for number in range(7):
        first.record_workflow_execution(key, execution_id=f"case-{number}", occurred_at=moment)
    for user in ("ann", "bob", "ann"):
        first.record_active_user(key, user)
    assert first.close(0.0) is False
    with new_client(acting, tmp_path) as second:
        second.record_workflow_execution(key)
        assert second.flush(60) is True
        stats = second.stats()
    assert (stats.recorded, stats.refused, stats.duplicate) == (11, {}, 0)
    acting.close_hour()
    acting.end_run(acting.start_run())
    billed = {name: quantity for (_, when, name), quantity in acting.billed(buyer).items() if when == hour}
    [seen] = [each for each in acting.get(buyer, "/usage")["hours"] if each["hour"] == hour]
    usage = {each["dimension"]: each["counted"] for each in seen["usage"]}
    assert usage == {"api_calls": "3000", "workflow_executions": "8", "active_users": "2"}
    assert billed == {"api_calls": 2, "workflow_executions": 3, "active_users": 1}


def test_a_customer_who_comes_later_loses_nothing(acting: Acting, client: UsageClient) -> None:
    """Usage before the notice has arrived waits with the client."""
    client.record_api_calls("l-not-yet-known", 5)
    assert client.flush(30) is False
    assert client.stats().retry_later == 1
    assert client.stats().pending == 1


def test_a_refusal_is_named(acting: Acting, buyer: Buyer, tmp_path: Path) -> None:
    with new_client(acting, tmp_path, Settings(dimensions={"not_sold_here": "sum"})) as client:
        client.record(buyer.customer_identifier, "not_sold_here")
        assert client.flush(30) is True
        assert client.stats().refused == {"unknown_dimension": 1}
    [line] = (tmp_path / "refused.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["event"]["customerIdentifier"] == buyer.customer_identifier


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_same_call_from_other_programs(acting: Acting, buyer: Buyer, tmp_path: Path, program: str) -> None:
    """Signed by themselves, let in by IAM."""
    credentials = acting.stage.usage_sender.get_credentials()
    assert credentials is not None
    events = [acting.event(buyer, "api_calls", "240"), acting.event(buyer)]
    (tmp_path / "events.json").write_text(json.dumps({"events": events}), encoding="utf-8")
    environ = os.environ | {
        "AWS_ACCESS_KEY_ID": str(credentials.access_key),
        "AWS_SECRET_ACCESS_KEY": str(credentials.secret_key),
        "AWS_REGION": "us-east-1",
        "USAGE_URL": f"{acting.stage.api.url}/usage",
    }
    run = [*command(program, tmp_path), str(tmp_path / "events.json")]
    for verdict in ("recorded", "duplicate"):
        done = subprocess.run(run, env=environ, capture_output=True, text=True, timeout=100, check=False)
        assert done.returncode == 0, done.stderr
        assert [each["verdict"] for each in json.loads(done.stdout)["verdicts"]] == [verdict] * 2
