"""Episodes one after another, in this process: for the soak's workers, for the suite, and to look at a single one."""

import logging
import os
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random

from local.dynamodb.errors import Invalid
from tests.simulation.determinism import Sources, one_seed
from tests.simulation.engine.episode import EngineEpisode
from tests.simulation.episode import Broken, Coverage, Episode, TraceLine

#: Of so many episodes one is an engine's.
EVERY = 4


@dataclass
class Failure:
    """What broke, and the end of the trace before it."""

    seed: int
    episode: int
    what: str
    tail: list[TraceLine]


@dataclass
class Played:
    """``digest``: of every step of every episode; the same for the same code, seed and episodes."""

    steps: int = 0
    episodes: int = 0
    digest: int = 0
    coverage: Coverage = field(default_factory=Counter)
    failure: Failure | None = None


@contextmanager
def stage() -> Iterator[Sources]:
    """What a process needs before it can play episodes."""
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    logging.disable(logging.CRITICAL)
    try:
        with one_seed() as sources:
            yield sources
    finally:
        Invalid.watch = None
        logging.disable(logging.NOTSET)


def play(seed: int, *, steps: int, first: int = 0, every: int = 1) -> Iterator[Played]:
    """Play episodes ``first``, ``first + every``, … of a seed until so many steps are done; what was done so far, after
    each. The last one carries the failure, if there was one."""
    played = Played()
    with stage() as sources:
        number = first
        while played.steps < steps:
            kind = EngineEpisode if number % EVERY == EVERY - 1 else Episode
            episode = kind(Random(f"{seed}/{number}"), sources, played.coverage)
            try:
                episode.play()
            except Exception as error:
                what = str(error) if isinstance(error, Broken) else "".join(traceback.format_exception(error)[-12:])
                played.failure = Failure(seed, number, what, list(episode.trace))
            played.steps += episode.world.scheduler.steps
            played.episodes += 1
            played.digest = (played.digest * 1_000_003 + episode.digest) % 2**64
            yield played
            if played.failure is not None:
                return
            number += every
