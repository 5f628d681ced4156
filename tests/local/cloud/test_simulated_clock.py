"""What the emulator dates follows the simulated clock; how long real things take does not."""

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from local.cloud import LocalCloud

pytestmark = pytest.mark.local

PRODUCT = "probe0product0code"
DAY = 86400


@pytest.fixture
def tomorrow(clock_offset: Path) -> Iterator[datetime]:
    clock_offset.write_text(str(DAY))
    yield datetime.now(UTC) + timedelta(seconds=DAY)
    clock_offset.unlink()


def _near(text: str, moment: datetime) -> bool:
    return abs(datetime.fromisoformat(text) - moment) < timedelta(seconds=10)


def _receive(cloud: LocalCloud, queue: str) -> Any:
    sqs = cloud.seller.client("sqs")
    deadline = time.monotonic() + 3
    while time.monotonic() < deadline:
        for message in sqs.receive_message(QueueUrl=queue).get("Messages", []):
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            return json.loads(message["Body"])
        time.sleep(0.02)
    raise AssertionError("nothing came")


def test_notices_and_events_are_of_the_simulated_time(
    cloud: LocalCloud, probe: dict[str, str], tomorrow: datetime
) -> None:
    cloud.marketplace.publish_subscription_notice(PRODUCT, {"action": "subscribe-success"})
    assert _near(_receive(cloud, probe["QueueUrl"])["Timestamp"], tomorrow)
    cloud.marketplace.put_agreement_event("License Updated - Manufacturer", {})
    assert _near(_receive(cloud, probe["QueueUrl"])["time"], tomorrow)


def test_an_execution_starts_in_the_simulated_time(
    cloud: LocalCloud, probe: dict[str, str], tomorrow: datetime
) -> None:
    told = cloud.run_workflow(probe["WaiterArn"], {"until": "2020-01-01T00:00:00Z"})
    assert _near(told["startedAt"], tomorrow)


def test_moving_the_clock_ends_a_wait(cloud: LocalCloud, probe: dict[str, str], clock_offset: Path) -> None:
    until = (datetime.now(UTC) + timedelta(hours=3)).isoformat()
    mover = threading.Timer(0.4, clock_offset.write_text, [str(3 * 3600)])
    mover.start()
    began = time.monotonic()
    cloud.run_workflow(probe["WaiterArn"], {"until": until}, timeout=10)
    mover.join()
    clock_offset.unlink()
    assert 0.4 <= time.monotonic() - began < 5
