"""Worries about money: a run failed or did not happen, hours grow old, lines ended other than billed.

Failed and pending units are levels that every run reads from the indexes, not counts of what a run happened to do.
"""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from runtime.metric_names import MeteringMetric
from stacks.constructs.alarms.alarm import MISSING, add_alarm
from stacks.constructs.alarms.routes import AlarmRoutes, Severity

HOUR = Duration.hours(1)
FIVE_MINUTES = Duration.minutes(5)


class MeteringAlarms(Construct):
    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        workflow: sfn.IStateMachine,
        namespace: str,
        service: str,
        routes: AlarmRoutes,
        ticket_at_hours: int,
        page_at_hours: int,
    ) -> None:
        """namespace, service: where the workflow's functions emit. *_at_hours: age of the oldest pending hour."""
        super().__init__(scope, id_)
        self._namespace = namespace
        self._service = service
        self._routes = routes
        self._runs(workflow)
        self._ages(ticket_at_hours, page_at_hours)
        self._lines()

    def _runs(self, workflow: sfn.IStateMachine) -> None:
        self._add(
            "RunFailed",
            workflow.metric_failed(period=FIVE_MINUTES),
            "a metering run failed; its lines stay pending, the execution's error says why",
            Severity.PAGE,
        )
        self._add(
            "RunTimedOut",
            workflow.metric_timed_out(period=FIVE_MINUTES),
            "a metering run took longer than its time; its lines stay pending",
            Severity.PAGE,
        )
        self._add(
            "RunAborted",
            workflow.metric_aborted(period=FIVE_MINUTES),
            "somebody stopped a metering run; the next one takes its lines",
            Severity.TICKET,
        )
        # two hours, so that a run that ends just after the full hour is no alarm
        add_alarm(
            self,
            "RunDidNotHappen",
            metric=self._metric(MeteringMetric.RUNS_COMPLETED, "Sum", HOUR),
            means="no metering run has completed for two hours: look at the schedule and at the workflow's executions",
            routes=self._routes,
            severity=Severity.PAGE,
            periods=2,
            below=True,
            missing=MISSING.BREACHING,
        )

    def _ages(self, ticket_at_hours: int, page_at_hours: int) -> None:
        age = self._metric(MeteringMetric.OLDEST_PENDING_HOUR_AGE, "Maximum", HOUR)
        text = "the oldest unbilled hour is {} hours old; AWS Marketplace takes it for 24 hours only"
        for severity, hours in ((Severity.TICKET, ticket_at_hours), (Severity.PAGE, page_at_hours)):
            self._add(f"OldestPendingHour{severity}", age, text.format(hours), severity, at_least=hours * 3600)

    def _lines(self) -> None:
        for metric, statistic, means, severity in (
            (MeteringMetric.FAILED_LINES, "Maximum", "lines ended without being billed", Severity.PAGE),
            (MeteringMetric.LINES_REJECTED, "Sum", "AWS Marketplace rejected lines", Severity.PAGE),
            (
                MeteringMetric.PRODUCT_FAULTS,
                "Sum",
                "AWS Marketplace refuses the whole product (access, code, API): nothing is billed until repaired",
                Severity.PAGE,
            ),
            (
                MeteringMetric.HOURS_WAITING,
                "Maximum",
                "hours cannot be sealed: the buyer's identity or entitlements are missing",
                Severity.TICKET,
            ),
            (
                MeteringMetric.SHARED_RECORD_IDS,
                "Sum",
                "two lines were answered with one MeteringRecordId: one of them may not be billed",
                Severity.PAGE,
            ),
        ):
            self._add(metric.name.title().replace("_", ""), self._metric(metric, statistic, HOUR), means, severity)

    def _metric(self, name: MeteringMetric, statistic: str, period: Duration) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace=self._namespace,
            metric_name=name.value,
            dimensions_map={"service": self._service},
            statistic=statistic,
            period=period,
        )

    def _add(
        self, id_: str, metric: cloudwatch.Metric, means: str, severity: Severity, *, at_least: float = 1
    ) -> cloudwatch.Alarm:
        return add_alarm(
            self, id_, metric=metric, means=means, routes=self._routes, severity=severity, at_least=at_least
        )
