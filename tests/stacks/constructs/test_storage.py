"""Tables, as their declarations say."""

from ledger.tables import NOTICES, SUBSCRIBERS
from stacks.constructs.storage.table import LedgerTable
from tests.stacks.constructs.conftest import Foreign


def test_a_table_and_its_indexes(foreign: Foreign) -> None:
    LedgerTable(foreign.stack, "Buyers", declaration=SUBSCRIBERS, physical_name="buyers", protect=True)
    (deployed,) = foreign.resources("AWS::DynamoDB::Table")
    assert deployed["TableName"] == "buyers"
    assert len(deployed["GlobalSecondaryIndexes"]) == len(SUBSCRIBERS.indexes)
    assert "TimeToLiveSpecification" not in deployed


def test_a_table_whose_items_expire(foreign: Foreign) -> None:
    LedgerTable(foreign.stack, "Notices", declaration=NOTICES, physical_name="n", protect=False)
    (deployed,) = foreign.resources("AWS::DynamoDB::Table")
    assert deployed["TimeToLiveSpecification"] == {"AttributeName": NOTICES.ttl, "Enabled": True}
