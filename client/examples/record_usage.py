"""An app that records usage. Run with the API's address and a directory for the spool."""

import sys
from datetime import UTC, datetime

from yawl_metering import UsageClient


def main(endpoint: str, spool: str) -> None:
    """Records one call of each kind, then sends them all when the block ends."""
    with UsageClient.for_api("engine-7", endpoint, spool) as usage:
        usage.record_api_calls("l-1")  # The client merges like calls of the same half minute.
        usage.record_api_calls("l-1", 12, tags={"team": "claims"})
        usage.record_active_user("l-1", "ann")
        usage.record_data_processed("l-1", "0.25")
        usage.record_worklet_invocation("l-1")
        # An event with an id of its own counts once, however often and by whichever process it is recorded.
        usage.record_workflow_execution("l-1", execution_id="case-4711", occurred_at=datetime.now(UTC))


if __name__ == "__main__":
    main(*sys.argv[1:])
