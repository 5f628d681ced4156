"""What functions read in rare cases only: with their own rights, too."""

import pytest

from ledger import tables
from tests.local.stage.acting import Acting

pytestmark = [pytest.mark.local, pytest.mark.timeout(120)]


def test_a_subscriber_that_cannot_be_read_is_named_and_holds_up_no_other(acting: Acting) -> None:
    """Planning reads it alone after it was not among the others, so that the log names what is wrong with it."""
    broken, sound = acting.arrive(2)
    acting.record(acting.event(broken, quantity=20), acting.event(sound, quantity=20))
    acting.stage.marketplace.arm("error", error="InternalServiceErrorException", times=1000)
    acting.close_hour()
    acting.meter_at_once()
    acting.stage.marketplace.clear_faults()
    assert set(acting.verdicts(broken).values()) <= {"pending", "unconfirmed"}
    table = acting.stage.dynamodb.Table(acting.stage.table_name(tables.SUBSCRIBERS))
    key = {"customerIdentifier": broken.customer_identifier}
    kept = table.get_item(Key=key)["Item"]["activePeriods"]
    change = {"Key": key, "UpdateExpression": "SET activePeriods = :periods"}
    table.update_item(**change, ExpressionAttributeValues={":periods": "nobody can read this"})  # type: ignore[arg-type]
    acting.pass_minutes(60)
    acting.meter_at_once()
    assert acting.billed(sound)
    assert not acting.billed(broken)
    table.update_item(**change, ExpressionAttributeValues={":periods": kept})  # type: ignore[arg-type]
    acting.pass_minutes(60)
    acting.meter_at_once()
    assert acting.billed(broken)
