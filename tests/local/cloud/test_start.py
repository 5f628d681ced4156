"""Starting: two at once do not meet, and a failure says what happened."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from local.cloud import CloudFailed, LocalCloud
from local.cloud.assembly import AssemblyFailed
from local.cloud.state_directory import StateDirectory
from tests.local.cloud.probe_stack import WriteAssembly

pytestmark = pytest.mark.local


def test_a_failed_start_shows_the_log(tmp_path: Path) -> None:
    # the emulator reads a number from this variable while it is imported
    cloud = LocalCloud(state=tmp_path, function_environment={"LAMBDA_WARM_TTL_SECONDS": "soon"})
    with pytest.raises(CloudFailed, match=r"ended with exit code 1[\s\S]*emulator\.log[\s\S]*float: 'soon'"):
        cloud.start()


def test_what_is_not_running_says_so(tmp_path: Path) -> None:
    with pytest.raises(CloudFailed, match="not running"):
        _ = LocalCloud(state=tmp_path).seller


def test_it_listens_on_the_loopback_address_only(cloud: LocalCloud) -> None:
    port = urlsplit(cloud.endpoint).port
    # sl local_address rem_address st ...: 0A is LISTEN, 0100007F is 127.0.0.1
    listening = [line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines() if line.split()[3] == "0A"]
    assert [address for address in listening if address.endswith(f":{port:04X}")] == [f"0100007F:{port:04X}"]
    listening_six = [line.split() for line in Path("/proc/net/tcp6").read_text().splitlines()[1:]]
    assert not [line for line in listening_six if line[3] == "0A" and line[1].endswith(f":{port:04X}")]


def test_two_runs_at_once_have_directories_of_their_own(tmp_path: Path) -> None:
    first, second, third = (StateDirectory(tmp_path, "cloud") for _ in range(3))
    assert first.take() == tmp_path / "cloud"
    assert second.take() == tmp_path / "cloud-2"
    (tmp_path / "cloud" / "old.log").write_text("x")
    first.release()
    assert third.take() == tmp_path / "cloud"
    assert list((tmp_path / "cloud").iterdir()) == []


def test_a_directory_without_a_manifest_is_named(cloud: LocalCloud, tmp_path: Path) -> None:
    with pytest.raises(AssemblyFailed, match=r"manifest\.json is missing"):
        cloud.deploy(tmp_path)


def test_stacks_in_a_circle_are_named(cloud: LocalCloud, assembly_of: WriteAssembly, tmp_path: Path) -> None:
    stacks: dict[str, Any] = {"A": {"Resources": {}}, "B": {"Resources": {}}}
    with pytest.raises(AssemblyFailed, match=r"circle: \['A', 'B'\]"):
        cloud.deploy(assembly_of(tmp_path, stacks, {"A": ["B"], "B": ["A"]}))
