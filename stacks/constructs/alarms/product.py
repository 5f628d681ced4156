"""Worries that the whole product is set up wrong: AWS Marketplace answers, and what it says is about another product.

Nobody registers, or nobody's entitlements are fetched, until a person mends it, and buyers are turned away meanwhile.
"""

from constructs import Construct

from runtime.metric_names import EntitlementMetric, RegistrationMetric, SubscriptionMetric
from stacks.constructs.alarms.alarm import HOUR, Meaning
from stacks.constructs.alarms.room_alarms import RoomAlarms
from stacks.constructs.alarms.routes import Severity

MISCONFIGURED = Meaning(
    happened="A buyer could not register because the product is set up wrong: its code, the Region, or the function's"
    " rights.",
    money="Every buyer of the product is turned away until it is mended; who cannot register is not billed.",
    look="Look at the log of registration for the code and the fault; compare productCode and integration in the stage"
    " file with the AWS Marketplace Management Portal.",
)
MISNAMED = Meaning(
    happened="A notice shows that the stage's productCode is wrong: the topic of that code tells of another product, or"
    " the code is the product's id.",
    money="No notice of this product is applied: buyers have no access, ends are missed, and usage is billed wrongly or"
    " not at all.",
    look="Look at the notices table by reason wrong_product, then mend productCode in the stage file and deploy.",
)
DOUBTED = Meaning(
    happened="A notice of another product may have been meant for this one: its licence is known here, or no buyer of"
    " this stage is active yet.",
    money="If productCode is wrong, no buyer of this product will be billed.",
    look="Look at the notices table by reason wrong_product; there is nothing to do if the seller has other products.",
)
ENTITLEMENTS = Meaning(
    happened="AWS Marketplace refuses GetEntitlements for the whole product: its code, the access or the Region is"
    " wrong.",
    money="Hours of contract customers are not sealed and wait unbilled, for 24 hours at most.",
    look="Look at the log of entitlement-notices, mend access or productCode, then redrive the dead letters of the"
    " entitlement queue.",
)


class ProductAlarms(Construct):
    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        registration: RoomAlarms,
        subscriptions: RoomAlarms,
        entitlements: RoomAlarms,
    ) -> None:
        super().__init__(scope, id_)
        page, ticket = Severity.PAGE, Severity.TICKET
        # an hour: many buyers and notices meet the same fault, and one page for it is enough
        registration.count(self, RegistrationMetric.REGISTRATIONS_MISCONFIGURED, MISCONFIGURED, page, period=HOUR)
        entitlements.count(self, EntitlementMetric.PRODUCT_FAULTS, ENTITLEMENTS, page, period=HOUR, id_="Entitlements")
        entitlements.count(
            self, EntitlementMetric.PRODUCT_CODE_DOUBTED, MISNAMED, page, period=HOUR, id_="CodeMisnamed"
        )
        # the subscription room also doubts where a seller's other product is the likelier reason: nobody is woken
        subscriptions.count(
            self, SubscriptionMetric.PRODUCT_CODE_DOUBTED, DOUBTED, ticket, period=HOUR, id_="CodeDoubted"
        )
