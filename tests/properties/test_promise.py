"""Every unit that the system accepts is billed exactly once, or ends in a named state: whatever happens, in any order.

Hypothesis makes every choice of a short episode of the simulation (``tests.simulation.episode``, and the same of a YAWL
engine): which actor goes on, what breaks, what happens. The judge looks after every effect, and the whole promise is
checked at the end. What breaks is cut to the shortest episode that still breaks.

``PROTOCOL_HUNT=5000 pytest tests/properties/test_promise.py`` looks for new counter-examples, as long as that takes.
"""

import os
from collections import Counter
from collections.abc import Iterator
from functools import cache
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from tests.simulation.determinism import Sources
from tests.simulation.engine.episode import EngineEpisode
from tests.simulation.episode import Broken, Episode
from tests.simulation.play import stage

HUNT = int(os.environ.get("PROTOCOL_HUNT", "0"))
#: Hypothesis shrinks a long episode badly; the soak plays the long ones.
STEPS = 80


class Drawn(Random):
    """Hypothesis draws its numbers. (``st.randoms`` draws floats, which are dear, and favours extreme ones.)"""

    def __new__(cls, draw: st.DrawFn) -> "Drawn":
        return super().__new__(cls)

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw

    def random(self) -> float:
        return self.getrandbits(16) / 2**16

    def getrandbits(self, k: int, /) -> int:
        return self._draw(bits(k))

    def choices(self, population: Any, *_: Any, **__: Any) -> list[Any]:
        """One, without its weights: by them, short episodes would rarely see what is rare."""
        return [self.choice(population)]


@cache
def bits(k: int) -> st.SearchStrategy[int]:
    """Kept, since Hypothesis takes longer to make a strategy than to draw from it."""
    return st.integers(0, 2**k - 1)


@st.composite
def chances(draw: st.DrawFn) -> Random:
    return Drawn(draw)


@pytest.fixture(scope="module")
def sources() -> Iterator[Sources]:
    with stage() as made:
        yield made


def drawn(examples: int) -> settings:
    return settings(
        max_examples=HUNT or examples,
        derandomize=not HUNT,
        database=None,
        deadline=None,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
    )


@given(chance=chances())
@drawn(250)
def test_every_accepted_unit_is_billed_once_or_ends_named(chance: Random, sources: Sources) -> None:
    # What the code makes up (ids, jitter) decides nothing, so Hypothesis need not choose it.
    _play(Episode(chance, sources, made_up=Random(0), most=STEPS))


@given(chance=chances())
@drawn(8)  # An engine's episode takes a second: it has many cases, and readings go on for hours in the end.
def test_every_start_of_an_engine_is_billed_once_or_ends_named(chance: Random, sources: Sources) -> None:
    _play(EngineEpisode(chance, sources, Counter(), most=STEPS))


def _play(episode: Episode | EngineEpisode) -> None:
    try:
        episode.play()
    except Broken:
        for step, now, actor, site, fault in episode.trace:
            note(f"{step:4} {now:.3f} {actor:9} {site}{f' ({fault})' if fault else ''}")
        raise
