"""A rollback moves what the last deployment published, and nothing else; it may be repeated."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pytest

from deploy import rollback
from deploy.aliases import FUNCTION_ALIAS, WORKFLOW_ALIAS, Alias, Version, deployed_version
from deploy.deployed_stacks import Resource, change_set_name, last_deployment
from deploy.not_ready import NotReady
from tests.unit.deploy.targets import REACHED, target, there


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, 29, hour, minute, tzinfo=UTC)


def alias(name: str, live: int, *published: datetime, stack: str = "Doors", type_: str = FUNCTION_ALIAS) -> Alias:
    """Versions 1, 2, ... were published at these times."""
    prefix = "" if type_ == FUNCTION_ALIAS else f"arn:aws:states:us-east-1:123456789012:stateMachine:{name}:"
    versions = tuple(Version(f"{prefix}{n}", moment) for n, moment in enumerate(published, 1))
    arn = f"arn:aws:lambda:us-east-1:123456789012:function:{name}:live"
    return Alias(
        stack=there(stack, "UPDATE_COMPLETE", changed_by="yawl-20261129T120000Z"),
        logical_id=name,
        type=type_,
        arn=arn,
        live=versions[live - 1],
        versions=versions[::-1],
    )


class Account:
    """Aliases that can be moved."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *aliases: Alias) -> None:
        self.aliases = {alias.of: alias for alias in aliases}
        self.said: list[str] = []
        monkeypatch.setattr(rollback, "deployed_stacks", lambda _: [alias.stack for alias in self.aliases.values()])
        monkeypatch.setattr(rollback, "live_aliases", lambda *_: list(self.aliases.values()))
        monkeypatch.setattr(rollback, "move", self._move)

    def _move(self, _: object, moved: Alias, to: Version) -> None:
        fields = {**vars(moved), "live": to}
        self.aliases[moved.of] = Alias(**fields)

    def roll_back(self, *, agree: bool = True, **more: Any) -> dict[str, int]:
        rollback.roll_back(target(), before=more.get("before"), agreed=lambda: agree, say=self.said.append)
        return self.live()

    def live(self) -> dict[str, int]:
        return {name: alias.live.number for name, alias in self.aliases.items()}


def test_every_alias_that_the_last_deployment_moved_goes_back_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account(
        monkeypatch,
        alias("usage", 2, at(9), at(12, 1)),
        alias("seal-hours", 3, at(8), at(9), at(12, 2), stack="Metering"),
        # The deployment before published it, so it ran together with the others.
        alias("registration", 2, at(8), at(9)),
        # It is new with this deployment, so nothing is before it.
        alias("added", 1, at(12, 1)),
        alias("hourly", 2, at(9), at(12, 3), stack="Metering", type_=WORKFLOW_ALIAS),
    )
    assert account.roll_back() == {"usage": 1, "seal-hours": 2, "registration": 2, "added": 1, "hourly": 1}
    assert any("make deploy STAGE=dev" in line for line in account.said), "it says how to go forward again"
    assert any("usage: 2 → 1" in line for line in account.said)
    again = account.live()
    assert account.roll_back() == again
    assert account.said[-1].startswith("nothing to move")


def test_nothing_moves_without_a_yes(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account(monkeypatch, alias("usage", 2, at(9), at(12, 1)))
    with pytest.raises(NotReady, match="nothing was moved"):
        account.roll_back(agree=False)
    assert account.live() == {"usage": 2}


def test_a_moment_leads_further_back_than_the_last_deployment(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account(monkeypatch, alias("usage", 3, at(8), at(10), at(12, 1)))
    assert account.roll_back(before=at(9, 30)) == {"usage": 1}


def test_a_change_by_another_command_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account(monkeypatch, alias("usage", 2, at(9), at(12, 1)))
    foreign = there("Watch", changed_by="cdk-deploy-change-set")
    monkeypatch.setattr(rollback, "deployed_stacks", lambda _: [foreign])
    with pytest.raises(NotReady, match="changed last by another command"):
        account.roll_back()
    assert account.roll_back(before=at(11)) == {"usage": 1}


def test_a_stage_that_is_not_deployed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotReady, match="not deployed in account"):
        Account(monkeypatch).roll_back()


def test_a_deployment_is_known_by_the_name_of_its_change_sets() -> None:
    stacks: Iterable[Any] = [
        there("Data", changed_by=change_set_name(at(8))),
        there("Doors", changed_by=change_set_name(REACHED)),
    ]
    assert last_deployment(stacks) == REACHED


def test_the_deployed_version_is_the_one_that_the_template_gives_the_alias(monkeypatch: pytest.MonkeyPatch) -> None:
    usage = alias("usage", 1, at(9), at(12, 1))
    template = {
        "Resources": {
            "usage": {
                "Type": FUNCTION_ALIAS,
                "Properties": {
                    "FunctionName": {"Ref": "Function"},
                    "FunctionVersion": {"Fn::GetAtt": ["Version2", "Version"]},
                    "Name": "live",
                },
            },
            "Function": {"Type": "AWS::Lambda::Function"},
            "Version2": {"Type": "AWS::Lambda::Version"},
        }
    }
    version = "arn:aws:lambda:us-east-1:123456789012:function:usage:2"
    resources = [
        Resource("us-east-1", "Function", "AWS::Lambda::Function", "usage"),
        Resource("us-east-1", "Version2", "AWS::Lambda::Version", version),
    ]
    monkeypatch.setattr("deploy.aliases.resources_of", lambda *_: resources)
    wanted = deployed_version(target(), usage, template)
    assert wanted is not None and wanted.number == 2
    assert deployed_version(target(), usage, {"Resources": {}}) is None
