"""What all functions of one deployment have in common, apart from their settings."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class FunctionEnvironment:
    """What the functions share.

    metrics_namespace: the namespace of their metrics in CloudWatch. log_group_prefix: what stands before
    ``/<function>``.

    log_level: DEBUG or INFO, of the functions' own lines. No higher one: Lambda treats lines without a level as INFO
    (Lambda Developer Guide, "Log-level filtering"), and lines that carry metrics have none, so alarms would lose them.
    clock_offset_file: of a stage whose clock can be moved; None keeps the variable out of every function.
    """

    metrics_namespace: str
    log_group_prefix: str
    log_retention_days: int
    log_level: str
    clock_offset_file: str | None = None
