"""Parallel states as on AWS: a branch has variables of its own, and assignments take effect at the state's end."""

import pytest

from local.cloud import LocalCloud

pytestmark = pytest.mark.local


def test_branches_have_variables_of_their_own_and_give_their_results(cloud: LocalCloud, probe: dict[str, str]) -> None:
    told = cloud.run_workflow(probe["BothArn"], {})
    assert told["results"] == [2, 11]
    assert told["own"] is False, "a branch's variable is not seen outside"


def test_an_assignment_reads_what_was_there_before_the_state(cloud: LocalCloud, probe: dict[str, str]) -> None:
    told = cloud.run_workflow(probe["BothArn"], {})
    assert (told["a"], told["before"]) == (11, 1)
