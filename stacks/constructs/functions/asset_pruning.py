"""What bundled libraries lose on their way into the asset. Each step names its gain; docs/decisions.md says how it was
measured."""

import ast
import gzip
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

#: botocore's data folders of the services that functions call, and of those that their credentials may need.
SERVICES = (
    *("cloudtrail", "dynamodb", "events", "lambda", "marketplace-agreement", "marketplace-entitlement"),
    *("meteringmarketplace", "s3", "secretsmanager", "sesv2", "sns", "sqs", "ssm", "stepfunctions", "sts"),
)
#: The same services' keys in endpoints.json.
ENDPOINTS = (
    *("agreement-marketplace", "cloudtrail", "dynamodb", "email", "entitlement.marketplace", "events", "lambda"),
    *("metering.marketplace", "s3", "secretsmanager"),
    *("sns", "sqs", "ssm", "states", "sts"),
)
#: Of services with hundreds of operations, those that functions call. Gain: 0.4 MB zipped, and 8 to 16 ms a client.
OPERATIONS = {
    "cloudtrail": ("LookupEvents",),
    "lambda": ("Invoke",),
    "marketplace-agreement": (
        *("ListAgreementInvoiceLineItems", "SearchAgreements", "DescribeAgreement"),
        "GetAgreementEntitlements",
    ),
    "s3": ("GetObject", "ListObjectsV2", "PutObject"),
    "sesv2": ("SendEmail",),
    "sns": ("Publish",),
    "ssm": ("GetParameter", "GetParametersByPath"),
}
#: Powertools packages whose own file imports all their modules. Gain, of API functions: 78 modules, 25 ms (15 %).
GATHERING = ("event_handler", "utilities/data_classes")
#: urllib3's HTTP/2 is an experiment that is off. It looks up a version at import. Gain: 16 modules, 8 ms (5 %).
EMPTIED = ("urllib3/http2/__init__.py",)
#: botocore's help texts of operations, which every client imports. Gain: 17 modules, 10 ms (6 %).
DOCSTRINGS = ("ClientMethodDocstring", "WaiterDocstring", "PaginatorDocstring")


def prune(output: Path) -> None:
    """Prune the libraries in the asset's folder."""
    data = output / "botocore" / "data"
    # Gain: 16 MB of 21 MB zipped.
    for folder in [path for path in data.iterdir() if path.is_dir() and path.name not in SERVICES]:
        shutil.rmtree(folder)
    for service, operations in OPERATIONS.items():
        for model in (data / service).glob("*/service-2.json.gz"):
            _cut_model(model, operations)
    _cut_endpoints(data / "endpoints.json")
    _cut_help(output / "botocore" / "docs")
    for package in GATHERING:
        _make_lazy(output / "aws_lambda_powertools" / package / "__init__.py")
    for module in EMPTIED:
        (output / module).write_text("", encoding="utf-8")


def _cut_endpoints(path: Path) -> None:
    """Shorten the file that botocore parses for each client. Gain: 10 ms (6 %)."""
    endpoints = json.loads(path.read_text(encoding="utf-8"))
    for partition in endpoints["partitions"]:
        services = partition["services"]
        partition["services"] = {name: services[name] for name in ENDPOINTS if name in services}
    path.write_text(json.dumps(endpoints, separators=(",", ":")), encoding="utf-8")


def _cut_model(path: Path, operations: Sequence[str]) -> None:
    """Leave a service's model these operations, and the shapes that they consist of."""
    model = json.loads(gzip.decompress(path.read_bytes()))
    # An older version of the service may lack one.
    model["operations"] = {name: each for name, each in model["operations"].items() if name in operations}
    shapes: dict[str, Any] = {}
    wanted = _shapes_of(model["operations"])
    while wanted:
        name = wanted.pop()
        if name not in shapes:
            shapes[name] = model["shapes"][name]
            wanted |= _shapes_of(shapes[name])
    model["shapes"] = shapes
    # The same bytes on every machine and at any time.
    path.write_bytes(gzip.compress(json.dumps(model, separators=(",", ":")).encode(), mtime=0))


def _shapes_of(part: Any) -> set[str]:
    """The names of shapes that a part of a model refers to."""
    inside = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    own = {part["shape"]} if isinstance(part, dict) and isinstance(part.get("shape"), str) else set()
    return own.union(*map(_shapes_of, inside))


def _cut_help(docs: Path) -> None:
    """Empty the texts for ``help(client)``, and remove the modules that write them; handlers use ``docs.utils``."""
    for path in list(docs.iterdir()):
        if path.name != "utils.py":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    (docs / "__init__.py").touch()
    text = "class {name}(str):\n    def __new__(cls, *_args, **_kwargs):\n        return super().__new__(cls)\n"
    (docs / "docstring.py").write_text("\n\n".join(text.format(name=name) for name in DOCSTRINGS), encoding="utf-8")


def _make_lazy(package: Path) -> None:
    """Let the package import a module when a name of it is asked for (PEP 562), instead of all modules at once."""
    where = {
        alias.asname or alias.name: ("." * node.level + (node.module or ""), alias.name)
        for node in ast.parse(package.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    package.write_text(
        f"from importlib import import_module\n\n_WHERE = {where!r}\n\n\n"
        "def __getattr__(name):\n"
        "    if name not in _WHERE:\n"
        "        raise AttributeError(name)\n"
        "    module, attribute = _WHERE[name]\n"
        "    return getattr(import_module(module, __name__), attribute)\n",
        encoding="utf-8",
    )
