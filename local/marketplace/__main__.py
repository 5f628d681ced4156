"""``python -m local.marketplace --port N``: serves until it is interrupted or terminated."""

import argparse
import json
import signal
import threading
from pathlib import Path

from local.marketplace.server import LocalMarketplace


def main() -> None:
    parser = argparse.ArgumentParser(prog="local.marketplace", description="The local Marketplace on 127.0.0.1.")
    parser.add_argument("--port", type=int, default=0, help="0 takes any free port")
    parser.add_argument("--log-file", type=Path, help="append each accepted record here as a JSON line")
    parser.add_argument("--identical-resend", choices=("Success", "DuplicateRecord"), default="Success")
    parser.add_argument("--seed", type=int, help="registration tokens follow from it")
    options = parser.parse_args()
    stopped = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stopped.set())
    with LocalMarketplace(options.port, log_file=options.log_file, seed=options.seed) as marketplace:
        marketplace.state.switches.identical_resend = options.identical_resend
        print(json.dumps({"url": marketplace.url}), flush=True)
        stopped.wait()


main()
