"""A stage in memory, as a command reaches it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from local.dynamodb.declared_tables import with_tables
from local.dynamodb.store import MemoryDynamoDB
from ops.stage import OpenStage
from stacks import stage as stages
from tests.ops.answers import AnswersOfAws
from tests.products import selling
from tests.scenarios.world import PRODUCT, World
from tests.scenarios.world import world as new_world

PROJECT = Path(__file__).resolve().parents[2]
#: 2026-11-15T16:20:00Z
NOW = 1794759600.0


@pytest.fixture
def aws() -> AnswersOfAws:
    """What AWS answers besides DynamoDB; a test adds to it."""
    return AnswersOfAws()


@pytest.fixture
def stage(aws: AnswersOfAws) -> OpenStage:
    """The stage ``local`` with empty tables, at NOW."""
    settings = replace(stages.load("local", folder=PROJECT / "stages"), suffix="")
    memory: Any = with_tables(MemoryDynamoDB())
    return OpenStage(settings=settings, aws=aws, dynamodb=memory, now=lambda: NOW)


@pytest.fixture
def world() -> Iterator[World]:
    """A world whose ledger the functions' code has written, at START."""
    with new_world() as made:
        yield made


@pytest.fixture
def seen(world: World, aws: AnswersOfAws, stage: OpenStage) -> OpenStage:
    """The world's stage, as a command reaches it; it does nothing else than the world."""
    sold = selling(
        stage.settings,
        code=PRODUCT,
        pricing_model=world.pricing_model,
        dimensions=world.dimensions,
        tiers=tuple(world.tiers),
    )
    settings = replace(sold, metering_mode=world.mode)
    return OpenStage(settings=settings, aws=aws, dynamodb=world.dynamodb, now=world.clock)
