"""The keys of a stage file for the comparison with AWS's books: ``[reconciliation]``."""

from stacks.stage.compound_kinds import Table
from stacks.stage.kinds import Flag, Key, Text
from stacks.stage.settings import ReconciliationSettings

_RECONCILIATION = Table(
    make=ReconciliationSettings,
    remedy="write it as a table: datasetBucket, datasetPrefix, invoices",
    keys={
        "datasetBucket": Key(
            Text("[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "set it to a bucket's name, or leave it out", "name of a bucket"),
            "The bucket into which AWS Marketplace delivers the seller's data feeds; with it, each day is compared with"
            " the Daily Usage feed. Left out: no day is.",
            default=None,
        ),
        "datasetPrefix": Key(
            Text("([A-Za-z0-9!_.-]+/)*", 'end it in "/", or leave it out', "path that ends in `/`"),
            "What stands before the feeds' folders in that bucket.",
            default="",
        ),
        "invoices": Key(
            Flag(),
            "Whether each month is compared with the invoices, at list prices. Of use where every buyer pays them.",
            default=False,
        ),
    },
)

RECONCILIATION_KEYS = {
    "reconciliation": Key(
        _RECONCILIATION,
        "What the ledger is [compared with](reconciliation.md), besides CloudTrail.",
        default=ReconciliationSettings(),
    )
}
