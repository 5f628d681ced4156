"""Stages with every alarm that there may be."""

from typing import Any

import pytest

from metering.handlers import look_after_leavers, report
from tests.alarms.hourly import watched
from tests.alarms.life import Life, Ordinary, printed
from tests.alarms.page import stage_with_all_alarms
from tests.synthesized import Assembly
from tests.unit.buyer.notices.conftest import environment, integration, notices_of
from tests.unit.buyer.notices.conftest import stage as notices
from tests.unit.buyer.notices.test_entitlement_notices import stage as entitlements
from tests.unit.buyer.registration.conftest import (
    asked,
    branding,
    door,
    handover_secret,
    handover_url,
    pricing_model,
    secret,
)
from tests.unit.buyer.webhook.conftest import sending
from tests.unit.conftest import dynamodb
from tests.unit.messages import Context
from tests.unit.yawl.access_logs.test_read_access_log import aws as access_logs
from tests.unit.yawl.gateway.conftest import door as gateway
from tests.unit.yawl.reconcile.cases import NOW
from tests.unit.yawl.test_reconcile_functions import REACHED, look_after, read_engine
from tests.unit.yawl.test_reconcile_functions import Stage as EngineStage
from tests.unit.yawl.test_reconcile_functions import stage as engine_stage

#: The functions as the unit tests of their rooms set them up.
__all__ = [
    "access_logs",
    "asked",
    "branding",
    "door",
    "dynamodb",
    "engine_stage",
    "entitlements",
    "environment",
    "gateway",
    "handover_secret",
    "handover_url",
    "integration",
    "notices",
    "notices_of",
    "pricing_model",
    "secret",
    "sending",
]


@pytest.fixture(scope="session")
def priced(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """As in production, with YAWL engines and an alarm of money at risk."""
    return stage_with_all_alarms(tmp_path_factory.mktemp("priced"))


@pytest.fixture
def ordinary(priced: Assembly, engine_stage: EngineStage) -> Ordinary:
    """What the functions print while all is well: an hour is billed, nobody leaves, an engine is read."""
    context: Any = Context()
    # It ends before the engine's stage takes back its own clock; else that one would stay for other tests.
    with pytest.MonkeyPatch.context() as patch, watched(Life(priced), patch) as world:
        world.report(world.event(world.buyer(), "a"))
        world.next_run()
        report_lines = printed(lambda: report.handler({}, context))
        look = printed(lambda: look_after_leavers.handler({}, context))
        patch.setattr("runtime.clock.now", lambda: NOW)
        engine_stage.declare(REACHED)
        reading = printed(lambda: read_engine())
        return Ordinary(report_lines, look, printed(look_after), reading)
