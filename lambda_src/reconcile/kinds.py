"""The kinds of findings; docs/reconciliation.md explains each."""

from typing import Final

#: The ledger has it as billed, and the other book has nothing.
ONLY_HERE: Final = "only_here"
#: The other book has it, and the ledger does not have it as billed.
ONLY_THERE: Final = "only_there"
#: Both have it, with different amounts.
OTHER_AMOUNT: Final = "other_amount"
#: A caller that is none of the stage's functions metered a customer of ours.
FOREIGN_CALL: Final = "foreign_call"
#: A line may have been billed, and CloudTrail cannot tell.
UNVERIFIABLE: Final = "unverifiable"
#: The other book names a buyer that the ledger does not know.
UNATTRIBUTED: Final = "unattributed"
#: The other book has nothing at all for the period.
NO_DATA: Final = "no_data"
#: An invoice is in another currency than the stage's prices.
OTHER_CURRENCY: Final = "other_currency"

CALLS, USAGE, INVOICES = "calls", "usage", "invoices"
