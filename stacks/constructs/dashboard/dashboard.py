"""Puts the rows below each other, as one dashboard."""

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from stacks.constructs.dashboard.panels import Row

#: What it shows when it is opened: the time in which a wrong or late bill can still be stopped.
SHOWN = Duration.hours(24)


def add_dashboard(scope: Construct, id_: str, *, name: str, questions: Sequence[Sequence[Row]]) -> None:
    """Make the dashboard. name: how the console lists it; questions: the rows of each."""
    cloudwatch.Dashboard(
        scope,
        id_,
        dashboard_name=name,
        default_interval=SHOWN,
        # Each panel's own period counts: an hour's sum must not become a sum of five minutes.
        period_override=cloudwatch.PeriodOverride.INHERIT,
        widgets=[list(row) for rows in questions for row in rows],
    )
