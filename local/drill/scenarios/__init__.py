"""The scenarios in the order in which they are played; each is a file."""

from collections.abc import Sequence

from local.drill.scenario import Scenario
from local.drill.scenarios import (
    bad_deploy,
    clocks_apart,
    cloudtrail_disagrees,
    ledger_caught_up,
    ledger_rewound,
    line_rejected,
    marketplace_down,
    month_end,
    notice_lost,
    record_damaged,
    table_throttled,
    unusual_hour,
)

ALL: Sequence[Scenario] = (
    marketplace_down.SCENARIO,
    notice_lost.SCENARIO,
    cloudtrail_disagrees.SCENARIO,
    line_rejected.SCENARIO,
    table_throttled.SCENARIO,
    record_damaged.SCENARIO,
    clocks_apart.SCENARIO,
    bad_deploy.SCENARIO,
    ledger_rewound.SCENARIO,
    ledger_caught_up.SCENARIO,
    unusual_hour.SCENARIO,
    month_end.SCENARIO,
)
