"""Somebody meters a buyer by hand before our run: our line is a conflict, and CloudTrail shows the other quantity."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import boto3

from local.drill.drilling import DIMENSION, Drilling
from local.drill.scenario import Course, Scenario

BY_HAND = 3


def play(drilling: Drilling, course: Course) -> None:
    stage = drilling.stage
    (buyer,) = course.buyers = drilling.arrive(1)
    # Marketplace takes no usage of an hour that began before the agreement.
    drilling.until_minute(15)
    hour = drilling.use(course.buyers)
    drilling.fault()
    _meter_by_hand(drilling, buyer.details, hour)
    course.of_others = Decimal(BY_HAND)
    drilling.until_metered()
    course.minutes = drilling.paged(SCENARIO.alarm, within=180)
    course.at_stake = drilling.units(course.buyers)["failed"]
    line = f"{buyer.customer_identifier}/{hour}/{DIMENSION}"
    drilling.operator.follow(SCENARIO.page, "look", LINE=line)
    drilling.operator.follow(SCENARIO.page, "carry", LINE=line)
    drilling.use(course.buyers, 1)
    drilling.until_metered()
    assert stage.marketplace.summary()["billedTwice"] == 0


def _meter_by_hand(drilling: Drilling, buyer: dict[str, Any], hour: str) -> None:
    record: Any = {
        "CustomerAWSAccountId": buyer["accountId"],
        "LicenseArn": buyer["licenseArn"],
        "Timestamp": datetime.fromisoformat(hour),
        "Dimension": DIMENSION,
        "Quantity": BY_HAND,
    }
    client = boto3.client(
        "meteringmarketplace",
        region_name=drilling.stage.settings.region,
        endpoint_url=drilling.stage.marketplace.url,
        aws_access_key_id="STRANGER",
        aws_secret_access_key="none",  # noqa: S106  # the local Marketplace asks for none
    )
    client.batch_meter_usage(UsageRecords=[record])


SCENARIO = Scenario(
    name="cloudtrail-disagrees",
    happens="somebody meters a buyer by hand, and CloudTrail shows it",
    alarm="ReconciliationLinesLost",
    page="reconciliation-lines-lost",
    play=play,
)
