"""The keys of a stage file for the archive and the backups: ``[archive]`` and ``[backup]``."""

from stacks.stage.compound_kinds import Table
from stacks.stage.kinds import Key, OneOf, Text, Whole
from stacks.stage.settings import ArchiveSettings, BackupSettings

_ARCHIVE = Table(
    make=ArchiveSettings,
    remedy="write it as a table: keepDays, coldAfterDays, lockDays, lockMode",
    keys={
        # Seven years, for which companies commonly keep what their invoices rest on.
        "keepDays": Key(Whole(90, 36_500), "Days that a change stays in the archive.", default=2_557),
        # S3 bills GLACIER_IR for 90 days at least (Amazon S3 User Guide, "Amazon S3 storage classes").
        "coldAfterDays": Key(
            Whole(1, 36_500), "Days after which it moves to a colder class, from which it is read at once.", default=90
        ),
        "lockDays": Key(
            Whole(1, 36_500),
            "Days for which nobody can delete or change an object of the archive (S3 Object Lock); left out: none. It"
            ' needs `removalPolicy = "retain"`.',
            default=None,
        ),
        "lockMode": Key(
            OneOf(("governance", "compliance")),
            "With `governance` a person with a right of its own may lift the lock, with `compliance` nobody can.",
            default="governance",
        ),
        "auditParts": Key(
            Whole(1, 64),
            "Shares of the customers that the daily audit takes side by side: one for about 5,000 customers who report"
            " every hour ([archive.md](archive.md#the-conservation-audit)).",
            default=1,
        ),
    },
)

_BACKUP = Table(
    make=BackupSettings,
    remedy="write it as a table: keepDays, copyToVaultArn",
    keys={
        "keepDays": Key(Whole(1, 36_500), "Days that a daily backup is kept, and its copy.", default=35),
        "copyToVaultArn": Key(
            Text(
                "arn:aws[a-z-]*:backup:[a-z0-9-]+:[0-9]{12}:backup-vault:[A-Za-z0-9_-]{2,50}",
                "set it to the ARN of a backup vault, or leave it out",
                "ARN of a backup vault",
            ),
            "A vault, also of another account, that gets a copy of each backup. It needs `encryptionKeyArn`"
            " ([company.md](company.md#backups-in-another-account)).",
            default=None,
        ),
    },
)

ARCHIVE_KEYS = {
    "archive": Key(
        _ARCHIVE,
        "How long the [archive](archive.md) keeps the tables' changes.",
        default=ArchiveSettings(keep_days=2_557, cold_after_days=90),
    ),
    "backup": Key(
        _BACKUP,
        "Daily backups of the tables by AWS Backup; left out: none, beside the point-in-time recovery of 35 days that"
        " every stage has.",
        default=None,
    ),
}
