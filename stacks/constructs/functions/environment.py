"""What all functions of one deployment have in common, beside their settings."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class FunctionEnvironment:
    """metrics_namespace: CloudWatch namespace of what functions emit. log_group_prefix: before ``/<function>``.

    log_level: DEBUG or INFO, of functions' own lines. None above: Lambda takes lines without a level for INFO (Lambda
    Developer Guide, "Log-level filtering"), and lines that carry metrics have none, so the alarms would go with them.
    clock_offset_file: only where the clock can be moved; None keeps the variable out of every function.
    """

    metrics_namespace: str
    log_group_prefix: str
    log_retention_days: int
    log_level: str
    clock_offset_file: str | None = None
