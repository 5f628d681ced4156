"""A stage that keeps its data is not destroyed by a command."""

import json
from pathlib import Path

import pytest

from deploy import destroy as room
from deploy.not_ready import NotReady
from tests.unit.deploy.targets import target, there


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    taken: list[str] = []
    monkeypatch.setattr(room, "cdk", lambda *command: taken.append(command[0]))
    monkeypatch.setattr(room, "left_over", lambda *_: iter(["AWS::IAM::Role kept"]))
    monkeypatch.setattr(room, "deployed_stacks", lambda _: [there("Data"), there("Doors")])
    monkeypatch.setattr(room, "empty_buckets", lambda _, stack: taken.append(f"empty {stack.name}"))
    monkeypatch.setattr(room, "delete_stack", lambda _, stack: taken.append(f"delete {stack.name}"))
    monkeypatch.setattr(room, "folder_of", lambda *_, **__: tmp_path)
    artifact = {"type": "aws:cloudformation:stack", "properties": {"templateFile": "template.json"}}
    artifacts = {f"YawlMetering-dev-{name}": artifact for name in ("Data", "Doors")}
    (tmp_path / "manifest.json").write_text(json.dumps({"artifacts": artifacts}), encoding="utf-8")
    (tmp_path / "template.json").write_text("{}", encoding="utf-8")
    return taken


def destroy(*, agree: bool = True, keep: bool = False) -> list[str]:
    said: list[str] = []
    room.destroy(target(keep_data=keep), agreed=lambda: agree, say=said.append)
    return said


def test_what_is_destroyed_is_named_before_it_is_asked_and_what_stays_afterwards(commands: list[str]) -> None:
    said = destroy()
    assert "YawlMetering-dev-Data, YawlMetering-dev-Doors" in said[0]
    assert commands == ["empty YawlMetering-dev-Data", "empty YawlMetering-dev-Doors", "destroy"]
    assert any("left over: AWS::IAM::Role kept" in line for line in said)


def test_nothing_is_destroyed_without_a_yes(commands: list[str]) -> None:
    with pytest.raises(NotReady, match="nothing was removed"):
        destroy(agree=False)
    assert commands == []


def test_a_stage_that_keeps_its_ledger_is_refused(commands: list[str]) -> None:
    with pytest.raises(NotReady, match=r"keeps its ledger.*docs/deploy\.md, Removal"):
        destroy(keep=True)
    assert commands == []


def test_a_stage_that_kept_its_ledger_is_deployed_without_protection_first(
    commands: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "deployed_stacks", lambda _: [there("Data", protected=True)])
    with pytest.raises(NotReady, match="make deploy STAGE=dev"):
        destroy()
    assert commands == []


def test_a_stack_that_the_stage_file_no_longer_asks_for_goes_with_the_others(
    commands: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stage elsewhere that no longer takes notices has no stack in Marketplace's Region any more."""
    monkeypatch.setattr(room, "deployed_stacks", lambda _: [there("Data"), there("Notices", protected=True)])
    destroy()
    assert commands[2:] == ["destroy", "delete YawlMetering-dev-Notices"]


def test_a_stage_that_is_not_deployed_needs_nothing(commands: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "deployed_stacks", lambda _: [])
    assert destroy() == ["dev is not deployed in account 123456789012: there is nothing to remove"]
    assert commands == []
