"""What a handler's service is, read from the source: its metric names, and all the modules that the handler imports."""

import ast
from enum import StrEnum
from pathlib import Path

from runtime.metric_names import (
    ArchiveMetric,
    EntitlementMetric,
    EventMetric,
    MeteringMetric,
    ReconcileMetric,
    RegistrationMetric,
    SubscriptionMetric,
    UsageMetric,
    YawlMetric,
)
from stacks import synth

SOURCE = synth.ROOT / "lambda_src"
#: Service → its metric names. Alarms look a metric up by its service.
SERVICES: dict[str, type[StrEnum]] = {
    "registration": RegistrationMetric,
    "subscription": SubscriptionMetric,
    "entitlement": EntitlementMetric,
    "events": EventMetric,
    "usage": UsageMetric,
    "metering": MeteringMetric,
    "reconcile": ReconcileMetric,
    "yawl": YawlMetric,
    "archive": ArchiveMetric,
}
#: Rooms of all services. Their log lines name the room.
SHARED = {"ledger", "marketplace", "runtime"}


def imported(path: Path) -> set[str]:
    """Full names that a file imports, as in ``runtime.metric_names.UsageMetric``."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {
        f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def files_of(handler: Path) -> set[Path]:
    """The handler's file and every file of a feature's room that it imports, directly or through others."""
    found, waiting = set(), [handler]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found.add(path)
        for name in imported(path):
            parts = name.split(".")
            # "from usage import reporters" imports a file, "from usage.reporters import Reporter" a name of one.
            candidates = (SOURCE.joinpath(*parts).with_suffix(".py"), SOURCE.joinpath(*parts[:-1]).with_suffix(".py"))
            waiting += [file for file in candidates if parts[0] not in SHARED and file.is_file()]
    return found


def services_named(files: set[Path]) -> set[str]:
    """The names in their ``telemetry.logger(…)`` and ``telemetry.metrics(…)``."""
    return {
        node.args[0].value
        for path in files
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in ("telemetry.logger", "telemetry.metrics")
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    }


def metric_names_imported(files: set[Path]) -> set[str]:
    """The classes of ``runtime.metric_names`` that the files import."""
    names = {name for path in files for name in imported(path) if name.startswith("runtime.metric_names.")}
    return {name.rpartition(".")[2] for name in names}
