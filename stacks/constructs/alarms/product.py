"""Alarms of a product that is set up wrong: AWS Marketplace answers, but about another product or not at all.

Buyers cannot register, or we cannot fetch their entitlements, until a person corrects it.
"""

from runtime.metric_names import EntitlementMetric, RegistrationMetric, SubscriptionMetric
from stacks.constructs.alarms.bound import HOUR, Alarms
from stacks.constructs.alarms.message import Page, Ticket
from stacks.constructs.functions.function import Function


def add_product_alarms(
    alarms: Alarms, *, registration: Function, subscriptions: Function, entitlements: Function
) -> None:
    """Each counts over an hour: many buyers and notices meet the same fault, and one call for it is enough."""
    alarms.of(registration).count(
        RegistrationMetric.REGISTRATIONS_MISCONFIGURED,
        HOUR,
        Page(
            happened="A buyer could not register, because the product is set up wrong: its code, the Region or the"
            " function's rights.",
            money="The registration page turns every buyer of the product away until this is corrected, and an"
            " unregistered buyer is not billed.",
            look="Look in the log group of registration for the code and the fault. Compare productCode and"
            " integration in the stage file with the AWS Marketplace Management Portal.",
        ),
    )
    alarms.of(entitlements).count(
        EntitlementMetric.PRODUCT_FAULTS,
        HOUR,
        Page(
            happened="AWS Marketplace refuses GetEntitlements for the whole product: its code, the access or the"
            " Region is wrong.",
            money="The hours of contract customers cannot be sealed. They wait unbilled, for 24 hours at most.",
            look="Look in the log group of entitlement-notices. Correct the access or productCode, then redrive the"
            " dead-letter queue of EntitlementQueue.",
        ),
        id_="Entitlements",
    )
    alarms.of(entitlements).count(
        EntitlementMetric.PRODUCT_CODE_DOUBTED,
        HOUR,
        Page(
            happened="A notice shows that productCode in the stage file is wrong: the SNS topic of that code belongs"
            " to another product, or the value is the product's id.",
            money="We apply no notice of this product: buyers get no access, ends are missed, and usage is billed"
            " wrongly or not at all.",
            look="Look at the notices with reason wrong_product in the table yawl-notices, then correct productCode in"
            " the stage file and deploy.",
        ),
        id_="CodeMisnamed",
    )
    # The subscription service also doubts the code where another product of the seller is the likelier reason.
    alarms.of(subscriptions).count(
        SubscriptionMetric.PRODUCT_CODE_DOUBTED,
        HOUR,
        Ticket(
            happened="A notice of another product may have been meant for this one: we know its licence, or no buyer"
            " of this stage is active yet.",
            money="If productCode is wrong, no buyer of this product will be billed.",
            look="Look at the notices with reason wrong_product in the table yawl-notices. If the seller has other"
            " products, there is nothing to do.",
        ),
        id_="CodeDoubted",
    )
