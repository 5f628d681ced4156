"""What bundled libraries lose on their way into the asset: what no function uses, and what only costs a cold start."""

import ast
import gzip
import json
import shutil
from pathlib import Path
from typing import Any

#: botocore's data folders of the services that functions call, and of what their credentials may need
SERVICES = (
    *("dynamodb", "events", "marketplace-entitlement", "meteringmarketplace", "secretsmanager", "sqs", "stepfunctions"),
    "sts",
)
#: the same services' keys in endpoints.json
ENDPOINTS = (
    *("dynamodb", "entitlement.marketplace", "events", "metering.marketplace", "secretsmanager", "sqs", "states"),
    "sts",
)
#: examples nobody asks for
UNUSED_FILES = ("examples-1.json", "examples-1.json.gz")
#: Powertools packages whose own file gathers the names of all their modules: importing one name would read dozens
GATHERING = ("event_handler", "utilities/data_classes")
#: urllib3's HTTP/2 is an experiment that somebody would have to switch on; what its package does at import, looking up
#: a version, takes as long as a client
EMPTIED = ("urllib3/http2/__init__.py",)
#: botocore's help texts of operations, made when a client's class is, whoever asks; ``botocore.docs`` would be imported
#: by every client and waiter for them
DOCSTRINGS = ("ClientMethodDocstring", "WaiterDocstring", "PaginatorDocstring")


def prune(output: Path) -> None:
    """Prune the libraries in the asset's folder."""
    data = output / "botocore" / "data"
    for folder in (path for path in data.iterdir() if path.is_dir()):
        if folder.name not in SERVICES:
            shutil.rmtree(folder)
            continue
        *older, _ = sorted(version for version in folder.iterdir() if version.is_dir())
        for version in older:
            shutil.rmtree(version)
        for file in sorted(folder.rglob("*.json*")):
            if file.name in UNUSED_FILES:
                file.unlink()
            else:
                _cut_documentation(file)
    _cut_endpoints(data / "endpoints.json")
    _cut_help(output / "botocore" / "docs")
    for package in GATHERING:
        _make_lazy(output / "aws_lambda_powertools" / package / "__init__.py")
    for module in EMPTIED:
        (output / module).write_text("", encoding="utf-8")
    for path in output.rglob("py.typed"):
        path.unlink()


def _cut_documentation(path: Path) -> None:
    """Service models are mostly prose (DynamoDB's: 0.4 of 0.5 MB), unpacked and parsed at every cold start."""
    content = path.read_bytes()
    model = json.loads(gzip.decompress(content) if path.suffix == ".gz" else content)
    path.unlink()
    target = path.with_suffix("") if path.suffix == ".gz" else path
    target.write_text(json.dumps(without_documentation(model), separators=(",", ":")), encoding="utf-8")


def without_documentation(model: Any) -> Any:
    """A service model, or a part of one, less its texts."""
    if isinstance(model, list):
        return [without_documentation(entry) for entry in model]
    if not isinstance(model, dict):
        return model
    # a member may be named so: then it is no text but a shape
    return {
        name: without_documentation(value)
        for name, value in model.items()
        if not (name == "documentation" and isinstance(value, str))
    }


def _cut_endpoints(path: Path) -> None:
    """The file is parsed whole for each client: 0.4 MB that take longer than the client itself."""
    endpoints = json.loads(path.read_text(encoding="utf-8"))
    for partition in endpoints["partitions"]:
        partition["services"] = {
            name: partition["services"][name] for name in ENDPOINTS if name in partition["services"]
        }
    path.write_text(json.dumps(endpoints, separators=(",", ":")), encoding="utf-8")


def _cut_help(docs: Path) -> None:
    """Texts for ``help(client)`` become empty, and what would write them goes; handlers use ``docs.utils``."""
    for path in list(docs.iterdir()):
        if path.name != "utils.py":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    (docs / "__init__.py").touch()
    text = "class {name}(str):\n    def __new__(cls, *_args, **_kwargs):\n        return super().__new__(cls)\n"
    (docs / "docstring.py").write_text("\n\n".join(text.format(name=name) for name in DOCSTRINGS), encoding="utf-8")


def _make_lazy(package: Path) -> None:
    """The package imports a module when a name of it is asked for (PEP 562), not all of them at once."""
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
