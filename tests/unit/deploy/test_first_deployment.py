"""A first deployment goes unprotected, so that it may fail; a stage that was complete once stays protected."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from deploy import release
from deploy.assembly import Assembly
from deploy.deployed_stacks import DeployedStack
from tests.unit.deploy.targets import target, there

STACKS = ("Data", "Doors")


class Steps:
    """The steps of a deployment, recorded in place of being taken."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.taken: list[str] = []
        self.said: list[str] = []
        self.commands: list[Sequence[str]] = []
        monkeypatch.setattr(release, "cdk", self._cdk)
        monkeypatch.setattr(release, "clear_away", lambda target, stacks, say: self._clear(stacks))
        monkeypatch.setattr(release, "let_deployed_versions_live", lambda *_: self.taken.append("aliases"))

    def _cdk(self, *command: str) -> None:
        self.commands.append(command)
        self.taken.append(f"deploy {Path(command[command.index('--app') + 1]).name}")

    def _clear(self, stacks: Sequence[DeployedStack]) -> None:
        self.taken += [f"clear {stack.name}" for stack in stacks if not stack.complete]

    def of(self, *before: DeployedStack, keep: bool = True, approved: bool = False) -> list[str]:
        release.deploy_stacks(
            target(keep_data=keep), list(before), _synthesized, approved=approved, more=(), say=self.said.append
        )
        return self.taken


class _Synthesized(Assembly):
    def stacks(self) -> dict[str, dict[str, object]]:
        return {f"YawlMetering-dev-{name}": {} for name in STACKS}


def _synthesized(protect: bool) -> Assembly:
    return _Synthesized(Path("protected" if protect else "unprotected"))


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    return Steps(monkeypatch)


BOTH = ["deploy unprotected", "deploy protected", "aliases"]


def test_a_stage_that_keeps_its_data_is_protected_once_it_is_complete(steps: Steps) -> None:
    assert steps.of() == BOTH


def test_a_stage_that_does_not_is_deployed_once(steps: Steps) -> None:
    assert steps.of(keep=False) == ["deploy protected", "aliases"]


def test_a_failed_first_deployment_is_cleared_and_continued(steps: Steps) -> None:
    assert steps.of(there("Data"), there("Doors", "ROLLBACK_COMPLETE")) == [
        "clear YawlMetering-dev-Doors",
        "deploy protected",
        "aliases",
    ]


def test_existing_tables_keep_their_protection_even_if_their_stack_has_none(steps: Steps) -> None:
    """A removal by hand takes the protection off every stack first, and may stop there."""
    assert steps.of(there("Data", "UPDATE_COMPLETE")) == ["deploy protected", "aliases"]


def test_an_interrupted_first_deployment_is_only_protected(steps: Steps) -> None:
    assert steps.of(there("Data"), there("Doors")) == ["deploy protected", "aliases"]


def test_a_protected_stage_stays_protected_even_if_a_new_stack_of_it_failed(steps: Steps) -> None:
    before = there("Data", "UPDATE_COMPLETE", protected=True), there("Doors", "ROLLBACK_COMPLETE", protected=True)
    assert steps.of(*before) == ["clear YawlMetering-dev-Doors", "deploy protected", "aliases"]


def test_the_protection_of_a_stack_that_was_never_complete_does_not_count(steps: Steps) -> None:
    before = there("Data", "ROLLBACK_COMPLETE", protected=True)
    assert steps.of(before) == ["clear YawlMetering-dev-Data", *BOTH]


def test_a_stack_that_the_stage_has_no_more_is_named_and_stays(steps: Steps) -> None:
    steps.of(there("Data"), there("Doors"), there("Notices", protected=True))
    assert [line for line in steps.said if line.startswith("YawlMetering-dev-Notices is no longer part of the stage")]


def test_leftovers_are_adopted_and_only_yes_1_approves_changes(steps: Steps) -> None:
    steps.of()
    steps.of(approved=True)
    for command in steps.commands:
        assert {"--all", "--import-existing-resources"} <= set(command)
        assert command[command.index("--change-set-name") + 1] == "yawl-20261129T100500Z"
    assert ["never" in command for command in steps.commands] == [False, False, True, True]
