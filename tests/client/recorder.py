"""A program that is killed: records calls in three threads and says before and after each that it does.

Arguments: address of the API, spool directory, sync. It runs until it is killed.
"""

import os
import sys
import threading

from yawl_metering import Settings, UsageClient


def main(endpoint: str, spool: str, sync: str) -> None:
    settings = Settings(flush_interval=0.05, first_backoff=0.02, longest_backoff=0.2, sync=sync)  # type: ignore[arg-type]
    client = UsageClient.for_api("recorder", endpoint, spool, settings=settings)

    def record(customer: str) -> None:
        while True:
            os.write(1, b"<%b\n" % customer.encode())
            client.record_api_calls(customer)
            os.write(1, b">%b\n" % customer.encode())

    for customer in ("l-1", "l-1", "l-2"):
        threading.Thread(target=record, args=(customer,)).start()


if __name__ == "__main__":
    main(*sys.argv[1:])
