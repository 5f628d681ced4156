"""The tables, whose data must survive."""

from typing import Any

from aws_cdk import CfnOutput, Stack
from constructs import Construct

from ledger import tables
from stacks.constructs.storage.table import LedgerTable


class DataStack(Stack):
    """The stage's tables. Their data must survive the stack, unless the stage says otherwise."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        suffix: str,
        protect: bool,
        read_units: int | None,
        write_units: int | None,
        **kwargs: Any,
    ) -> None:
        """Each table's name ends in the suffix. protect: the tables refuse deletion.

        read_units, write_units: request units a second of each table and index at most; None sets no limit.
        """
        super().__init__(scope, id_, **kwargs)
        self._suffix = suffix
        self._limits: dict[str, Any] = {"protect": protect, "read_units": read_units, "write_units": write_units}
        self._made: dict[tables.Table, LedgerTable] = {}
        self.subscribers = self._table("Subscribers", tables.SUBSCRIBERS)
        self.usage_events = self._table("UsageEvents", tables.USAGE_EVENTS)
        self.metering_records = self._table("MeteringRecords", tables.METERING_RECORDS)
        self.state = self._table("MeteringState", tables.STATE)
        self.notices = self._table("Notices", tables.NOTICES)
        self.audit = self._table("Audit", tables.AUDIT)
        self.engines = self._table("Engines", tables.ENGINES)

    @property
    def table_names(self) -> dict[str, str]:
        """The names of the tables on which billing rests, by what alarms call them.

        They are text, so that the alarms do not depend on this stack. Faults of the other table are its functions'.
        """
        needed = (table for table in tables.ALL_TABLES if table is not tables.AUDIT)
        return {_title(table.name): table.physical_name(self._suffix) for table in needed}

    @property
    def all_tables(self) -> list[LedgerTable]:
        """The tables, in the order of their declarations."""
        return list(self._made.values())

    def table_of(self, declaration: tables.Table) -> LedgerTable:
        """The table that is made by a declaration. Raises KeyError where there is none."""
        return self._made[declaration]

    def _table(self, id_: str, declaration: tables.Table) -> LedgerTable:
        name = declaration.physical_name(self._suffix)
        table = LedgerTable(self, id_, declaration=declaration, physical_name=name, **self._limits)
        CfnOutput(self, f"{id_}Table", value=table.name)
        self._made[declaration] = table
        return table


def _title(name: str) -> str:
    """``yawl-usage-events`` → ``UsageEvents``."""
    return name.removeprefix("yawl-").title().replace("-", "")
