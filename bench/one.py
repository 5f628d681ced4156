"""``python -m bench.one NAME``: measures one figure in a process of its own and keeps it; its progress is on stdout."""

import sys
from importlib import import_module


def main(name: str) -> None:
    """Measure the figure of the module ``bench.<name>`` and save it; print its progress."""
    import_module(f"bench.{name}").measure(lambda line: print(line, flush=True)).save()


if __name__ == "__main__":
    main(sys.argv[1])
