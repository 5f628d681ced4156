"""The keys of a stage file for the search of agreements: ``[agreements]``."""

from stacks.stage.compound_kinds import Table
from stacks.stage.kinds import Flag, Key, Text
from stacks.stage.settings import AgreementsSettings

_AGREEMENTS = Table(
    make=AgreementsSettings,
    remedy="write it as a table: search, productId",
    keys={
        "search": Key(
            Flag(),
            "Whether AWS Marketplace's agreements are searched every hour for buyers whose notices were lost.",
            default=False,
        ),
        "productId": Key(
            Text("prod-[A-Za-z0-9]{1,59}", "set it to the product's id in the catalog, prod-...", "id of a product"),
            "The product's id in the catalog of AWS Marketplace (not its code): the search knows products by it.",
            default=None,
        ),
    },
)

AGREEMENTS_KEYS = {
    "agreements": Key(
        _AGREEMENTS,
        "What is [read of agreements](protocol.md#one-buyer-several-keys), besides notices.",
        default=AgreementsSettings(),
    )
}
