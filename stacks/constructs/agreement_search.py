"""The hourly search of AWS Marketplace's agreements: its function, its rights and its schedule."""

from constructs import Construct

from ledger.tables import AGREEMENT_INDEX, STATUS_INDEX, WAITING_NOTICES_INDEX
from runtime.settings import SearchAgreementsSettings
from stacks.constructs.functions.functions import Functions
from stacks.constructs.storage.table import LedgerTable
from stacks.constructs.workflows.regular_calls import RegularCalls

EVERY_MINUTES = 60
#: AWS publishes no resources for these actions, and these condition keys (Service Authorization Reference, AWS
#: Marketplace): the seller's own agreements of purchases, and no others. A key that a request lacks refuses nothing.
CONDITIONS = {
    "StringEqualsIfExists": {"aws-marketplace:PartyType": "Proposer"},
    "ForAllValues:StringEquals": {"aws-marketplace:AgreementType": ["PurchaseAgreement"]},
}
CALLS = ("SearchAgreements", "DescribeAgreement", "GetAgreementEntitlements")


class AgreementSearch(Construct):
    """``function`` searches, and applies what it finds as the functions of notices do."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        functions: Functions,
        calls: RegularCalls,
        subscribers: LedgerTable,
        notices: LedgerTable,
        state: LedgerTable,
    ) -> None:
        super().__init__(scope, id_)
        self.function = functions.add(
            "search-agreements",
            "buyer.handlers.search_agreements.handler",
            SearchAgreementsSettings,
            "finds buyers whose notices were lost, by their agreements",
            service="subscription",
            gets=(subscribers, notices, state),
            queries=(
                subscribers.index(AGREEMENT_INDEX),
                subscribers.index(STATUS_INDEX),
                notices.index(WAITING_NOTICES_INDEX),
            ),
            puts=(notices,),
            updates=(subscribers, notices, state),
            calls=("GetEntitlements",),
        )
        if not functions.seller_role_arn:
            self.function.allow_marketplace(*CALLS, conditions=CONDITIONS)
        calls.add("Agreements", self.function, minutes=EVERY_MINUTES, description="finds buyers of lost notices")
