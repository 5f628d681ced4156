"""What a deployment may cost a month, and who is told by e-mail when it costs more, or will."""

from collections.abc import Sequence
from decimal import Decimal

from aws_cdk import aws_budgets as budgets
from constructs import Construct

#: percent of the amount: early, and when it is reached
SPENT = (80, 100)
FORECAST = 100


class MonthlyBudget(Construct):
    """It tells and stops nothing. AWS Budgets counts what carries the tag from the day on which the tag is activated as
    a cost allocation tag (AWS Billing User Guide, "Activating user-defined cost allocation tags")."""

    def __init__(
        self, scope: Construct, id_: str, *, us_dollars: Decimal, notify: Sequence[str], tag: tuple[str, str]
    ) -> None:
        """notify: at most 10 e-mail addresses. tag: name and value."""
        super().__init__(scope, id_)
        name, value = tag
        budgets.CfnBudget(
            self,
            "Budget",
            # without a name of ours: other notifications make another budget, and a given name would stand in its way
            budget=budgets.CfnBudget.BudgetDataProperty(
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=budgets.CfnBudget.SpendProperty(amount=float(us_dollars), unit="USD"),
                cost_filters={"TagKeyValue": [f"user:{name}${value}"]},
            ),
            notifications_with_subscribers=[
                *(_told("ACTUAL", percent, notify) for percent in SPENT),
                _told("FORECASTED", FORECAST, notify),
            ],
        )


def _told(kind: str, percent: int, notify: Sequence[str]) -> budgets.CfnBudget.NotificationWithSubscribersProperty:
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
