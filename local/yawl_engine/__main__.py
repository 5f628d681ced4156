"""``python -m local.yawl_engine``: a stand-in engine until it is interrupted or terminated."""

import argparse
import signal
import threading
from pathlib import Path

from local.yawl_engine.server import StandInEngine
from local.yawl_engine.specification import Specification
from marketplace_local.clock import MovableClock


def main() -> None:
    """Serves until a signal. Raises SystemExit if a port is taken."""
    parser = argparse.ArgumentParser(prog="local.yawl_engine", description="A stand-in for a YAWL engine on 127.0.0.1.")
    parser.add_argument("specifications", nargs="*", type=Path, help="files of YAWL's schema 4.0 to load")
    parser.add_argument("--port", type=int, default=8095, help="of the engine (default: %(default)s)")
    parser.add_argument("--admin-port", type=int, default=8096, help="of the page and the admin interface")
    parser.add_argument("--clock-file", type=Path, help="a file with the clock's offset in seconds, shared with others")
    options = parser.parse_args()
    stopped = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stopped.set())
    try:
        stand_in = StandInEngine(options.port, options.admin_port, MovableClock(options.clock_file))
    except OSError as error:
        raise SystemExit(f"a port cannot be used: {error.strerror}. Choose others by --port and --admin-port") from None
    with stand_in:
        for file in options.specifications:
            stand_in.engine.load(Specification.from_xml(file.read_text(encoding="utf-8")))
        print(
            f"engine            {stand_in.url}  (admin / YAWL)\nresource service  {stand_in.resource_url}\n"
            f"page and admin    {stand_in.admin_url}\nCtrl-C ends it.",
            flush=True,
        )
        stopped.wait()


if __name__ == "__main__":
    main()
