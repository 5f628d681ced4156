"""One process of a soak: plays its share of the episodes and says how it goes, one JSON object a line.

``{"steps", "episodes"}`` about twice a second, at last ``{"steps", "episodes", "digest", "coverage", "failure"}``.
"""

import argparse
import json
import sys
import time
from dataclasses import asdict

from tests.simulation.play import Played, play


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("--seed", "--steps", "--first", "--every"):
        parser.add_argument(name, type=int, required=True)
    asked = parser.parse_args()
    played, said = Played(), time.monotonic()
    for played in play(asked.seed, steps=asked.steps, first=asked.first, every=asked.every):
        if time.monotonic() > said + 0.5:
            said = time.monotonic()
            _say({"steps": played.steps, "episodes": played.episodes})
    _say(
        {
            "steps": played.steps,
            "episodes": played.episodes,
            "digest": played.digest,
            "coverage": [[site, fault, count] for (site, fault), count in sorted(played.coverage.items())],
            "failure": asdict(played.failure) if played.failure else None,
        }
    )


def _say(what: object) -> None:
    sys.stdout.write(json.dumps(what, default=str) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
