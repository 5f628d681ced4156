"""``python -m marketplace_local``: serves until it is interrupted or terminated, or its standard input ends."""

import argparse
import json
import signal
import threading
from pathlib import Path

from marketplace_local.clock import MovableClock
from marketplace_local.ends_with_stdin import at_end_of_stdin
from marketplace_local.server import LocalMarketplace

DEFAULT_PORT = 8090
#: botocore makes each name from AWS_ENDPOINT_URL_ and the service id in the service's model.
ENDPOINT_VARIABLES = (
    "AWS_ENDPOINT_URL_MARKETPLACE_METERING",
    "AWS_ENDPOINT_URL_MARKETPLACE_ENTITLEMENT_SERVICE",
    "AWS_ENDPOINT_URL_MARKETPLACE_CATALOG",
    "AWS_ENDPOINT_URL_MARKETPLACE_AGREEMENT",
    "AWS_ENDPOINT_URL_CLOUDTRAIL",
)


def main() -> None:
    """Serves until a signal or, with ``--end-with-stdin``, the end of standard input. Raises SystemExit if the port is
    taken."""
    options = _options()
    stopped = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stopped.set())
    if options.end_with_stdin:
        at_end_of_stdin(stopped.set)
    clock = MovableClock(options.clock_file)
    try:
        marketplace = LocalMarketplace(options.port, clock, log_file=options.log_file, seed=options.seed)
    except OSError as error:
        raise SystemExit(
            f"port {options.port} cannot be used: {error.strerror}. Choose another one by --port"
        ) from None
    with marketplace:
        marketplace.state.settings.identical_resend = options.identical_resend
        print(json.dumps({"url": marketplace.url}) if options.json else _welcome(marketplace.url), flush=True)
        stopped.wait()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="marketplace-local", description="AWS Marketplace's metering on 127.0.0.1.")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="0 takes any free port (default: %(default)s)")
    parser.add_argument("--log-file", type=Path, help="append each accepted record to this file as a JSON line")
    parser.add_argument("--identical-resend", choices=("Success", "DuplicateRecord"), default="Success")
    parser.add_argument("--seed", type=int, help="derive registration tokens from this number")
    parser.add_argument("--clock-file", type=Path, help="a file with the clock's offset in seconds, shared with others")
    parser.add_argument("--json", action="store_true", help='print one line {"url": ...} instead of the variables')
    parser.add_argument("--end-with-stdin", action="store_true", help="end when standard input ends")
    return parser.parse_args()


def _welcome(url: str) -> str:
    exports = "\n".join(f"export {name}={url}" for name in ENDPOINT_VARIABLES)
    return f"# The local AWS Marketplace answers; its page is {url}/ and Ctrl-C ends it.\n{exports}"


if __name__ == "__main__":
    main()
