"""The functions' asset: what is in it, how large it is, and that it does not depend on the machine."""

import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from stacks import synth
from stacks.constructs.functions import asset_contents
from stacks.constructs.functions.asset import FunctionAsset
from stacks.constructs.functions.asset_contents import compile_bytecode
from stacks.constructs.functions.function import RUNTIME
from tests.stacks.conftest import Bundled

SOURCE = synth.ROOT / "lambda_src"
MEGABYTE = 1_000_000

USES_THE_NEW_FIELDS = """
import json, botocore
from runtime import aws
record = aws.session().get_service_model("meteringmarketplace").shape_for("UsageRecord").members
clients = {name: aws.client(name, "us-east-1")
           for name in ("dynamodb", "meteringmarketplace", "marketplace-entitlement", "sqs", "sts", "events",
                        "stepfunctions", "secretsmanager", "lambda", "s3", "ssm", "sns", "sesv2")}
endpoint = aws.client("meteringmarketplace", "eu-central-1").meta.endpoint_url
pages = clients["dynamodb"].get_paginator("query")
pages = clients["ssm"].get_paginator("get_parameters_by_path")
models = {name: clients[name].meta.service_model for name in ("lambda", "s3", "ssm", "sns", "sesv2")}
used = {name: [model.operation_model(each) for each in model.operation_names] for name, model in models.items()}
members = {name: [list(each.output_shape.members) for each in every] for name, every in used.items()}
waits = clients["dynamodb"].get_waiter("table_exists")
print(json.dumps({"members": sorted(record), "clients": sorted(clients), "endpoint": endpoint,
                  "operations": {name: list(model.operation_names) for name, model in models.items()},
                  "parameters": members["ssm"][1],
                  "doc": clients["dynamodb"].get_item.__doc__, "from": botocore.__file__}))
"""


@pytest.fixture(scope="module")
def bundled(bundled_stage: Bundled) -> Path:
    """The asset, with bytecode of this interpreter."""
    return bundled_stage.asset


def asset_hash(source: Path, function_python: str | None = None) -> str:
    return FunctionAsset(source=source, runtime=RUNTIME, function_python=function_python).hash


def run_inside(asset: Path, code: str) -> str:
    """In an interpreter that sees the asset and the standard library only."""
    program = f"import sys; sys.path.insert(0, {str(asset)!r})\n{code}"
    # -S: no site-packages, -I: neither PYTHONPATH nor the working directory
    done = subprocess.run([sys.executable, "-ISB", "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_bundled_sdk_knows_licences_and_decimals_and_every_service_in_use(bundled: Path) -> None:
    found = json.loads(run_inside(bundled, USES_THE_NEW_FIELDS))
    assert {"LicenseArn", "QuantityAsDecimal", "CustomerAWSAccountId"} <= set(found["members"])
    assert len(found["clients"]) == 13
    # Of services with hundreds of operations only these are left, with all that they consist of.
    assert found["operations"] == {
        "lambda": ["Invoke"],
        "s3": ["GetObject", "ListObjectsV2", "PutObject"],
        "sesv2": ["SendEmail"],
        "sns": ["Publish"],
        "ssm": ["GetParameter", "GetParametersByPath"],
    }
    assert found["parameters"] == ["Parameters", "NextToken"]
    assert found["doc"] == ""
    assert found["endpoint"] == "https://metering.marketplace.eu-central-1.amazonaws.com"
    assert found["from"].startswith(str(bundled))


def test_every_module_of_ours_imports_from_the_asset_alone(bundled: Path) -> None:
    rooms = [folder.parent.name for folder in SOURCE.glob("*/__init__.py")]
    modules = [
        ".".join(path.relative_to(bundled).with_suffix("").parts)
        for room in rooms
        for path in sorted((bundled / room).rglob("*.py"))
    ]
    assert len(modules) > len(rooms) >= 6
    variables = {"AWS_DEFAULT_REGION": "us-east-1", "POWERTOOLS_METRICS_NAMESPACE": "x"}
    imports = [f"importlib.import_module({module!r})" for module in modules]
    run_inside(bundled, "\n".join(["import importlib, os", f"os.environ.update({variables!r})", *imports]))


def zipped(folder: Path, archive: Path, suffixes: Callable[[str], bool] = lambda _: True) -> int:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        for path in folder.rglob("*"):
            if path.is_file() and suffixes(path.suffix):
                target.write(path, path.relative_to(folder))
    return archive.stat().st_size


def test_it_is_small_and_pure(bundled: Path, tmp_path: Path) -> None:
    assert zipped(bundled, tmp_path / "with-bytecode.zip") <= 6.5 * MEGABYTE
    assert zipped(bundled, tmp_path / "without.zip", lambda suffix: suffix != ".pyc") <= 3 * MEGABYTE
    assert not [path for path in bundled.rglob("*") if path.suffix in (".so", ".pyd", ".in", ".lock")]


def test_a_name_of_a_gathering_package_is_still_found_and_no_other_module_is_read(bundled: Path) -> None:
    code = """
import json, sys
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
import aws_lambda_powertools.event_handler as gathering
read = [name for name in sys.modules if name.startswith("aws_lambda_powertools.event_handler.")]
print(json.dumps({"read": read, "invented": hasattr(gathering, "NoSuchResolver")}))
"""
    found = json.loads(run_inside(bundled, code))
    assert "aws_lambda_powertools.event_handler.api_gateway" in found["read"]
    assert "aws_lambda_powertools.event_handler.appsync" not in found["read"]
    assert found["invented"] is False


def test_bytecode_is_used_whatever_the_files_times_are(bundled: Path) -> None:
    """PEP 552: flags 0b01 in bytes 4 to 8 say "hash-based, unchecked"."""
    compiled = list(bundled.rglob("*.pyc"))
    assert len(compiled) > 100
    assert {path.read_bytes()[4:8] for path in compiled} == {b"\x01\x00\x00\x00"}


def test_the_hash_depends_neither_on_the_sources_folder_nor_on_other_files_in_it(tmp_path: Path) -> None:
    copy = shutil.copytree(SOURCE, tmp_path / "elsewhere", ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "usage" / "__pycache__").mkdir()
    (copy / "usage" / "__pycache__" / "handlers.cpython-311.pyc").write_bytes(b"x")
    for path in copy.rglob("*.py"):
        path.touch()
    assert asset_hash(copy) == asset_hash(SOURCE)


@pytest.mark.parametrize("changed", ["requirements.txt", "runtime/clock.py"])
def test_the_hash_changes_with_source_and_requirements(tmp_path: Path, changed: str) -> None:
    copy = shutil.copytree(SOURCE, tmp_path / "elsewhere", ignore=shutil.ignore_patterns("__pycache__"))
    with (copy / changed).open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    assert asset_hash(copy) != asset_hash(SOURCE)


def test_another_hash_is_other_bytes(bundled: Path) -> None:
    """Lambda publishes no second version of the same code, and CloudFormation asks for one with every hash."""
    asset = FunctionAsset(source=SOURCE, runtime=RUNTIME, function_python=sys.executable)
    assert (bundled / "asset-hash.txt").read_text(encoding="utf-8").strip() == asset.hash


LITTER = (
    ".env",
    ".DS_Store",
    ".vscode/settings.py",
    "usage/.#handlers.py",
    "usage/handlers.py~",
    "usage/handlers.py.orig",
    "usage/handlers copy.py",
    "usage/handlers.bak.py",
    "usage/#handlers.py#",
    "usage/requirements.txt",
    "credentials",
    "notes.md",
    "requirements.in",
)


def test_other_files_in_the_source_folder_are_not_shipped_and_change_no_hash(tmp_path: Path) -> None:
    """A file of secrets would have gone to every function, and a file of the desktop would redeploy all of them."""
    copy = shutil.copytree(SOURCE, tmp_path / "elsewhere", ignore=shutil.ignore_patterns("__pycache__"))
    for name in LITTER:
        (copy / name).parent.mkdir(exist_ok=True)
        (copy / name).write_text("AWS_SECRET_ACCESS_KEY=x\n", encoding="utf-8")
    assert asset_hash(copy) == asset_hash(SOURCE)
    shipped = {path.relative_to(copy).as_posix() for path in FunctionAsset(source=copy, runtime=RUNTIME).files()}
    assert not shipped & set(LITTER)
    ours = {
        p.relative_to(SOURCE).as_posix() for kind in ("py", "html", "css", "json") for p in SOURCE.rglob(f"*.{kind}")
    }
    assert shipped == {"requirements.txt", *ours}


def test_the_hash_depends_on_the_bytecode(monkeypatch: pytest.MonkeyPatch) -> None:
    """An uploaded asset stays under its hash: a builder that installs the functions' Python later needs another one."""
    found = {}
    for tag in ("cpython-314", "cpython-315", None):
        monkeypatch.setattr(asset_contents, "installed", lambda _version, tag=tag: tag)
        monkeypatch.setattr(asset_contents, "bytecode_tag", lambda interpreter: interpreter)
        found[tag] = asset_hash(SOURCE)
    assert len(set(found.values())) == 3
    # It makes no difference whether the interpreter was found or named.
    assert asset_hash(SOURCE, function_python="cpython-314") == found["cpython-314"]


def test_a_builder_without_the_functions_python_gets_a_notice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "module.py").write_text("x = 1\n", encoding="utf-8")
    compile_bytecode(tmp_path, "3.99", None)
    assert "no Python 3.99 here, so the asset ships without bytecode" in capsys.readouterr().err
    assert not list(tmp_path.rglob("*.pyc"))
