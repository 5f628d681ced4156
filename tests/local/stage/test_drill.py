"""A short drill on the deployed stage; ``make drill`` plays all scenarios."""

import shutil

import pytest

from local.dashboard_picture.body import read_templates
from local.drill.__main__ import played
from local.drill.drilling import Drilling
from local.drill.scenarios import line_rejected
from local.stage import LocalStage
from tests.local.stage.acting import Acting

pytestmark = [pytest.mark.local, pytest.mark.timeout(240)]


@pytest.mark.skipif(not shutil.which("aws"), reason="the runbooks use the AWS CLI")
def test_a_person_is_called_and_repairs_by_the_page(acting: Acting, stage: LocalStage) -> None:
    outcome = played(Drilling(stage, read_templates(stage.assembly)), line_rejected.SCENARIO)
    assert not outcome.wrong
    assert outcome.minutes <= 75, "the run of the next hour sends the line, and ten minutes later somebody is called"
    assert [each.name for each in outcome.commands] == ["look", "meter"]
    assert (outcome.named, outcome.billed_twice) == (0, 0)
