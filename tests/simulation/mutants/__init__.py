"""Mutants of the protocol: each breaks one promise of the code, and the simulation must notice.

A file holds what breaks one part of the protocol; a test holds that each place is there exactly once.
"""

from tests.simulation.mutants import (
    engine,
    final_metering,
    on_hold,
    recording,
    repairing,
    sealing,
    sending,
    settling,
    subscriptions,
    taking_back,
)
from tests.simulation.mutants.mutation import Mutant, mutated

__all__ = ["MUTANTS", "Mutant", "mutated"]

MUTANTS = (
    *recording.MUTANTS,
    *taking_back.MUTANTS,
    *subscriptions.MUTANTS,
    *sealing.MUTANTS,
    *sending.MUTANTS,
    *settling.MUTANTS,
    *repairing.MUTANTS,
    *on_hold.MUTANTS,
    *final_metering.MUTANTS,
    *engine.MUTANTS,
)
