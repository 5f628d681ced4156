"""Helpers of the scenarios of recording: verdicts in brief, what is stored, and events of each kind."""

from decimal import Decimal
from typing import Any

from marketplace.hour import hour_of
from tests.scenarios.world import START, World

MINUTE, HOUR, DAY = 60, 3600, 86400
MONTH = "2026-11"
NOW = START + 1800
Verdicts = list[dict[str, Any]]


def brief(verdicts: Verdicts) -> list[str]:
    """``recorded 08``, ``recorded 09 late``, ``refused too_old`` …"""
    return [
        " ".join(
            part
            for part in (v["verdict"], v.get("hour", "")[11:13], "late" if v.get("late") else "", v.get("reason", ""))
            if part
        )
        for v in verdicts
    ]


def counted(world: World, buyer: str, hour: float = START) -> dict[tuple[str, str], Decimal]:
    record = world.records.get(buyer, hour_of(hour))
    return dict(record.counted) if record else {}


def stored(world: World, buyer: str) -> set[str]:
    answer = world.dynamodb.Table(world.events.table_name).query(
        KeyConditionExpression="customerIdentifier = :c", ExpressionAttributeValues={":c": buyer}
    )
    return {str(item["eventId"]) for item in answer["Items"]}


def seal(world: World, buyer: str, hour: float = START) -> None:
    assert world.sealer.seal_hour(buyer, hour_of(hour)) == "sealed"


def ended(world: World, buyer: str, at: float, accepts_until: float, status: str = "pending_cancellation") -> None:
    world.change(
        buyer,
        subscriptionStatus=status,
        activePeriods=[{"start": int(START - DAY), "end": int(at)}],
        statusChangedAt=int(at),
        acceptsUntil=int(accepts_until),
    )


def user(world: World, buyer: str, event_id: str, name: str, **changes: Any) -> dict[str, Any]:
    return world.event(buyer, event_id, dimension="active_users", user=name, **changes)


def peak(world: World, buyer: str, event_id: str, quantity: Any, **changes: Any) -> dict[str, Any]:
    return world.event(buyer, event_id, str(quantity), dimension="peak_nodes", **changes)
