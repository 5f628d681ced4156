"""``make engine-secret``: a new secret each time, its hash for the stage file, and nothing that stores either."""

import hashlib
import re
from typing import Any

import pytest
from typer.testing import CliRunner

from deploy import __main__ as command_line
from deploy.engine import secret
from deploy.not_ready import NotReady
from stacks.stage import Stage, StageError
from stacks.stage.settings import Domain
from tests.unit.deploy.targets import stage, target, there
from tests.unit.yawl.engines import engine, hash_of
from yawl.gateway.admission import admitted

API = "https://abc.execute-api.us-east-1.amazonaws.com/v1"


def run(monkeypatch: pytest.MonkeyPatch, read: Any, engine_id: str = "eng-7") -> tuple[int, str]:
    def read_stage(_name: str, _product_code: str) -> Stage:
        if isinstance(read, Exception):
            raise read
        found: Stage = read
        return found

    monkeypatch.setattr(command_line, "read_stage", read_stage)
    result = CliRunner().invoke(command_line.app, ["engine-secret"], env={"STAGE": "dev", "ENGINE": engine_id})
    return result.exit_code, result.output


def deployed(monkeypatch: pytest.MonkeyPatch, *stacks: Any) -> None:
    monkeypatch.setattr(secret, "reach", lambda read: target())
    monkeypatch.setattr("deploy.deployed_stage.deployed_stacks", lambda target: list(stacks))


def address_and_hashes(output: str) -> tuple[str, list[str]]:
    address = re.search(r"^ +(http\S.*/yawl/v1/\S+)$", output, re.MULTILINE)
    hashes = re.search(r"secretHashes = \[(.*)]$", output, re.MULTILINE)
    assert address and hashes
    return address[1], re.findall(r'"([0-9a-f]{64})"', hashes[1])


def test_the_hash_is_that_of_the_address_and_the_gateway_admits_it(monkeypatch: pytest.MonkeyPatch) -> None:
    deployed(monkeypatch, there("Doors", outputs={"ApiUrl": f"{API}/"}))
    code, output = run(monkeypatch, stage(engines=()))
    address, hashes = address_and_hashes(output)
    assert code == 0
    assert address.startswith(f"{API}/yawl/v1/eng-7/")
    made = address.rpartition("/")[2]
    # 256 bits, in letters that need no encoding in an address.
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", made)
    assert hashes == [hashlib.sha256(made.encode()).hexdigest()]
    assert admitted(engine(secret_hashes=tuple(hashes)), made)
    assert output.count(made) == 1
    assert "REPLACE" not in output


def test_each_call_makes_another_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    deployed(monkeypatch)
    assert run(monkeypatch, stage(engines=())) != run(monkeypatch, stage(engines=()))


def test_a_second_secret_is_added_to_the_first_and_the_rotation_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    deployed(monkeypatch, there("Doors", outputs={"ApiUrl": f"{API}/"}))
    _, output = run(monkeypatch, stage(engines=(engine(),)))
    _, hashes = address_and_hashes(output)
    assert hashes[0] == hash_of("secret")
    assert "make engine-register REPLACE=1" in output
    assert f'secretHashes = ["{hashes[1]}"] alone' in output


@pytest.mark.parametrize(
    ("declared", "what"),
    [
        (engine(secret_hashes=(hash_of("a"), hash_of("b"))), "has 2 secrets already"),
        (engine(secret_hashes=(), mode="log-only"), 'has mode = "log-only"'),
    ],
)
def test_a_secret_of_no_use_is_not_made(declared: Any, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    code, output = run(monkeypatch, stage(engines=(declared,)))
    assert (code, output.count("\n")) == (1, 1)
    assert what in output


def test_the_apis_own_name_needs_no_account(monkeypatch: pytest.MonkeyPatch) -> None:
    named = stage(engines=(), domain=Domain(name="usage.example.com", certificate_arn="arn"))
    address, _ = address_and_hashes(run(monkeypatch, named)[1])
    assert address.startswith("https://usage.example.com/yawl/v1/eng-7/")


def test_without_a_deployed_stage_or_an_account_the_address_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    deployed(monkeypatch, there("Data"))
    assert "https://<the output ApiUrl" in run(monkeypatch, stage(engines=()))[1]

    def nobody(_stage: Stage) -> None:
        raise NotReady("there are no AWS credentials")

    monkeypatch.setattr(secret, "reach", nobody)
    code, output = run(monkeypatch, stage(engines=()))
    assert (code, "https://<the output ApiUrl" in output) == (0, True)


def test_a_stage_file_that_lacks_the_hash_only_is_no_hindrance(monkeypatch: pytest.MonkeyPatch) -> None:
    fault = StageError("stages/dev.toml: engines[0].secretHashes are missing: add what make engine-secret prints")
    code, output = run(monkeypatch, fault)
    assert code == 0
    assert output.startswith(str(fault))
    address_and_hashes(output)


@pytest.mark.parametrize(("engine_id", "what"), [("", "no engine is named"), ("Eng_7", "cannot be an id")])
def test_what_cannot_be_an_id_is_one_line(engine_id: str, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    code, output = run(monkeypatch, stage(engines=()), engine_id)
    assert (code, output.count("\n")) == (1, 1)
    assert what in output
