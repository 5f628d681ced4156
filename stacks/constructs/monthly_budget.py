"""A monthly budget of a deployment, which sends e-mail when the costs exceed it, or will."""

from collections.abc import Sequence
from decimal import Decimal

from aws_cdk import aws_budgets as budgets
from constructs import Construct

#: Percent of the amount.
SPENT = (80, 100)
FORECAST = 100


class MonthlyBudget(Construct):
    """It stops nothing. AWS Budgets counts resources with the tag from the day on which the tag is activated as a cost
    allocation tag (AWS Billing User Guide, "Activating user-defined cost allocation tags")."""

    def __init__(
        self, scope: Construct, id_: str, *, us_dollars: Decimal, notify: Sequence[str], tag: tuple[str, str]
    ) -> None:
        """The budget notifies at most 10 e-mail addresses. tag: the name and value that it counts by."""
        super().__init__(scope, id_)
        name, value = tag
        budgets.CfnBudget(
            self,
            "Budget",
            # CloudFormation names it: changed notifications replace the budget, and the old one would hold the name.
            budget=budgets.CfnBudget.BudgetDataProperty(
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=budgets.CfnBudget.SpendProperty(amount=float(us_dollars), unit="USD"),
                cost_filters={"TagKeyValue": [f"user:{name}${value}"]},
            ),
            notifications_with_subscribers=[
                *(_notification("ACTUAL", percent, notify) for percent in SPENT),
                _notification("FORECASTED", FORECAST, notify),
            ],
        )


def _notification(
    kind: str, percent: int, notify: Sequence[str]
) -> budgets.CfnBudget.NotificationWithSubscribersProperty:
    return budgets.CfnBudget.NotificationWithSubscribersProperty(
        notification=budgets.CfnBudget.NotificationProperty(
            notification_type=kind,
            comparison_operator="GREATER_THAN",
            threshold=percent,
            threshold_type="PERCENTAGE",
        ),
        subscribers=[
            budgets.CfnBudget.SubscriberProperty(subscription_type="EMAIL", address=address) for address in notify
        ],
    )
