"""Contradictions of a stage's archive and backups: what could not be deployed, removed or copied. Pure."""

from collections.abc import Iterator

from stacks.stage.faults import Fault
from stacks.stage.settings import Stage


def archive_faults(stage: Stage) -> Iterator[Fault]:
    """The contradictions of ``[archive]`` and ``[backup]``."""
    archive, backup = stage.archive, stage.backup
    if archive.lock_days is not None and not stage.keep_data:
        yield Fault(
            "archive.lockDays",
            'is given on a stage with removalPolicy = "destroy", whose bucket could not be deleted',
            "remove it",
        )
    if archive.lock_days is not None and archive.lock_days > archive.keep_days:
        yield Fault(
            "archive.lockDays",
            f"is {archive.lock_days} and keepDays is {archive.keep_days}",
            "keep objects for at least as long as they are locked",
        )
    if archive.cold_after_days >= archive.keep_days:
        yield Fault(
            "archive.coldAfterDays",
            f"is {archive.cold_after_days} and keepDays is {archive.keep_days}",
            "let objects change their class before they go",
        )
    if backup and not stage.keep_data:
        yield Fault(
            "backup",
            'is given on a stage with removalPolicy = "destroy", whose vault could not be deleted',
            "remove it",
        )
    if backup and backup.copy_to_vault_arn and not stage.encryption_key_arn:
        # AWS Backup Developer Guide, "Creating backup copies across AWS accounts": other accounts cannot use the keys
        # that AWS manages.
        yield Fault(
            "backup.copyToVaultArn",
            "is given without encryptionKeyArn, and a copy cannot be made of what AWS's own key encrypts",
            "set encryptionKeyArn to a key that the other account may use, or leave the copy out",
        )
