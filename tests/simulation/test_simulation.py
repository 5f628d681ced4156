"""The simulation in the suite: a short soak, exact replay, and mutants that it must find.

``make soak`` and ``make mutants`` do the same for as long as one likes.
"""

import json
import os
import subprocess
import sys

import pytest

from tests.simulation import workers
from tests.simulation.faults import AT
from tests.simulation.hunt import code_of, hunted
from tests.simulation.mutants import MUTANTS, Mutant, mutated
from tests.simulation.play import play
from tests.simulation.workers import ROOT

#: Two seeds, played one beside the other; together some twenty seconds.
SHORT = 60_000
#: Of each room one, and all of them found within a few thousand steps.
QUICK = (
    "event-put-unconditional",
    "life-by-arrival",
    "remainder-lost",
    "no-attempt",
    "record-ends-with-its-first-line",
    "deadline-too-late",
    "outbox-not-committed",
)
BY_ID = {mutant.id: mutant for mutant in MUTANTS}


def test_a_short_soak_finds_nothing() -> None:
    running = [workers.start(seed, steps=SHORT) for seed in (11, 13)]
    try:
        for _ in workers.listen(running):
            pass
    finally:
        workers.stop(running)
    total = workers.tally(running)
    assert total.failures == []
    assert total.steps >= 2 * SHORT
    writes = {site for site, point in total.coverage if point in ("@TransactWriteItems", "@UpdateItem")}
    for site in (
        "write_part.write_part",
        "seal_hours.Sealer._write",
        "send_batch.Sender._store_attempt > settlement.Settlement.store_attempt",
        "waiting.apply > subscribers.Subscribers._write",
    ):
        assert site in writes
        assert {f for s, f in total.coverage if s == site} >= {"crash_before", "crash_after", "lost"}


def test_a_seed_replays_exactly_in_any_process() -> None:
    """Not even the order of sets may decide anything."""

    path = os.pathsep.join(map(str, (ROOT, ROOT / "lambda_src", ROOT / "marketplace-local")))

    def digest(hash_seed: str) -> int:
        worker = [sys.executable, "-m", "tests.simulation.worker", "--seed", "3", "--steps", "8000", "--first", "0"]
        environment = {
            **os.environ,
            "PYTHONHASHSEED": hash_seed,
            "PYTHONPATH": path,
        }
        done = subprocess.run(
            [*worker, "--every", "1"], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
        )
        return int(json.loads(done.stdout.splitlines()[-1])["digest"])

    assert digest("1") == digest("2")


def test_an_episode_replays_alone_as_among_others() -> None:
    digests = []
    for played in play(5, steps=3_000):
        digests.append(played.coverage.copy())
    last = len(digests) - 1
    (alone,) = play(5, steps=1, first=last)
    assert alone.coverage == digests[last] - digests[last - 1]


def test_a_mutants_failure_replays_with_the_same_message() -> None:
    """By its seed and episode alone; that is all that a hunt leaves behind."""
    mutant = BY_ID["no-attempt"]
    found = hunted(mutant, steps=60_000, seed=4)
    with code_of(mutant) as code:
        again = workers.start(4, steps=1, first=found.episode, code=code)
        for _ in workers.listen([again]):
            pass
    assert again.failure is not None
    assert (again.failure["episode"], again.failure["what"]) == (found.episode, found.what)
    (undisturbed,) = play(4, steps=1, first=found.episode)
    assert undisturbed.failure is None


def test_the_soak_runs_from_the_command_line() -> None:
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "lambda_src", ROOT / "marketplace-local"))),
    }
    command = [sys.executable, "-m", "tests.simulation.soak", "--steps", "1500", "--seed", "3", "--jobs", "1"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "crash points × faults" in done.stdout
    assert "write_part.write_part" in done.stdout
    assert done.stdout.splitlines()[-1] == "nothing was found"


@pytest.mark.parametrize("id_", QUICK)
def test_the_simulation_finds_the_mutant(id_: str) -> None:
    found = hunted(BY_ID[id_], steps=60_000)
    assert found.what is not None


#: Each breaks another sum: units of a dimension, the used allowance, the quantity that is sent.
UNCONSERVED = ("remainder-lost", "used-not-added-up", "quantity-of-today")
UNCHECKED = Mutant("sums-unchecked", "No sum is checked.", "conserved", "before != after", "False")


@pytest.mark.parametrize("id_", UNCONSERVED)
def test_a_sum_that_does_not_hold_stops_its_hour(id_: str) -> None:
    found = hunted(BY_ID[id_], steps=60_000)
    assert found.what is not None
    assert "one of the sums of ledger.conservation" in found.what


@pytest.mark.parametrize("id_", UNCONSERVED)
def test_without_the_checks_the_judge_finds_the_same(id_: str) -> None:
    found = hunted(BY_ID[id_], UNCHECKED, steps=60_000)
    assert found.what is not None
    assert "ledger.conservation" not in found.what


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.id)
def test_a_mutant_changes_exactly_one_anchor(mutant: Mutant) -> None:
    """Exactly once, and what comes out is still Python."""
    path, text = mutated(mutant)
    compile(text, str(path), "exec")


def test_mutants_are_many_and_each_has_a_name() -> None:
    assert len(BY_ID) == len(MUTANTS) >= 40


def test_every_fault_can_strike_and_is_implemented() -> None:
    """What ``strike`` does not know would be done as if nothing was."""
    known = {"crash_before", "crash_after", "lost", "unreachable", "throttled", "conflict", "twice", "failed_before"}
    known |= {"failed_after", "stale", "partial", "lagging", "unprocessed", "shuffled", "omitted", "unknown_status"}
    known |= {"no_answer", "session_lost"}
    assert {fault for kinds in AT.values() for fault in kinds} == known
