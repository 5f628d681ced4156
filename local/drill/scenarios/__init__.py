"""The scenarios in the order in which they are played; each is a file."""

from collections.abc import Sequence

from local.drill.scenario import Scenario
from local.drill.scenarios import (
    cloudtrail_disagrees,
    ledger_rewound,
    line_rejected,
    marketplace_down,
    month_end,
    notice_lost,
    table_throttled,
)

ALL: Sequence[Scenario] = (
    marketplace_down.SCENARIO,
    notice_lost.SCENARIO,
    cloudtrail_disagrees.SCENARIO,
    line_rejected.SCENARIO,
    table_throttled.SCENARIO,
    ledger_rewound.SCENARIO,
    month_end.SCENARIO,
)
