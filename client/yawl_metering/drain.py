"""``yawl-metering-drain`` sends the usage that is left in a spool directory which no app uses any more."""

import argparse
import logging
from collections.abc import Sequence

from yawl_metering.client import UsageClient


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints what it found and what became of it. Returns 0 if nothing is left, else 1."""
    parser = argparse.ArgumentParser(prog="yawl-metering-drain", description=__doc__)
    parser.add_argument("--spool", required=True, help="the directory")
    way = parser.add_mutually_exclusive_group(required=True)
    way.add_argument("--endpoint", help="address of the API (output ApiUrl)")
    way.add_argument("--queue-url", help="the FIFO queue")
    parser.add_argument("--region", help="of the API or the queue, where its address does not name it")
    parser.add_argument("--timeout", type=float, default=60.0, help="seconds (60)")
    given = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    if given.endpoint:
        client = UsageClient.for_api("drain", given.endpoint, given.spool, region=given.region)
    else:
        client = UsageClient.for_queue("drain", given.queue_url, given.spool, region=given.region)
    client.flush(given.timeout)
    stats = client.stats()
    done = client.close(0.0)
    taken = f"{stats.recorded} recorded, {stats.voided} taken back, {stats.duplicate} recorded before"
    left = f"{stats.queued} queued, {sum(stats.refused.values())} refused, {stats.pending} left"
    print(f"{stats.adopted} found: {taken}, {left}")
    return 0 if done else 1


if __name__ == "__main__":
    raise SystemExit(main())
