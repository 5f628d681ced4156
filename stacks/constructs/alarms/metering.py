"""Worries about money: a run failed or did not happen, hours grow old, lines ended other than billed.

Failed and pending units are levels that every run reads from the indexes, so that no crash hides them. A level that
stays up tells once, so what must wake somebody each time is alarmed by its count; the level reminds.
"""

from decimal import Decimal

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from runtime.metric_names import MeteringMetric
from stacks.constructs.alarms.alarm import MISSING, add_alarm
from stacks.constructs.alarms.room_metric import room_metric
from stacks.constructs.alarms.routes import AlarmRoutes, Severity

HOUR = Duration.hours(1)
FIVE_MINUTES = Duration.minutes(5)
#: an hourly run that sees less than this leaves somebody two hours at least. At the month's end, where AWS Marketplace
#: takes usage until 06:00 UTC on the 1st, that is from 03:00 on, long before the oldest hour's age says anything
LAST_HOURS = Duration.hours(3)


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
        page_at_money: Decimal | None,
        currency: str,
    ) -> None:
        """namespace, service: where the workflow's functions emit. *_at_hours: age of the oldest pending hour.

        page_at_money: usage at risk, at list prices in that currency, that wakes somebody; None: no such alarm.
        """
        super().__init__(scope, id_)
        self._namespace = namespace
        self._service = service
        self._routes = routes
        self._runs(workflow)
        self._ages(ticket_at_hours, page_at_hours)
        self._deadline()
        self._at_risk(page_at_money, currency)
        self._lines()
        self._levels()

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

    def _deadline(self) -> None:
        # One value per report, so the last report decides: in periods without one the alarm stays as it is. A run that
        # does not report has an alarm of its own.
        add_alarm(
            self,
            "NearestDeadline",
            metric=self._metric(MeteringMetric.NEAREST_DEADLINE, "Minimum", FIVE_MINUTES),
            means=f"in less than {int(LAST_HOURS.to_hours())} hours AWS Marketplace no longer takes an unbilled hour",
            routes=self._routes,
            severity=Severity.PAGE,
            at_least=LAST_HOURS.to_seconds(),
            below=True,
            missing=MISSING.IGNORE,
        )

    def _at_risk(self, page_at_money: Decimal | None, currency: str) -> None:
        """Levels, like the deadline's: the last report decides."""
        for metric, means, severity, at_least in (
            (MeteringMetric.AT_RISK_LINES, "usage is unbilled with half of its time gone", Severity.TICKET, Decimal(1)),
            (
                MeteringMetric.AT_RISK_MONEY,
                f"usage worth {page_at_money} {currency} or more is unbilled with half of its time gone",
                Severity.PAGE,
                page_at_money,
            ),
        ):
            if at_least is not None:
                add_alarm(
                    self,
                    _id(metric),
                    metric=self._metric(metric, "Maximum", FIVE_MINUTES),
                    means=means,
                    routes=self._routes,
                    severity=severity,
                    at_least=float(at_least),
                    missing=MISSING.IGNORE,
                )

    def _lines(self) -> None:
        """Counts of what happened. In five minutes, what a line does once: every run that does it tells of it.

        In an hour, what the same line does in every run, and what can wait: it tells once until it is over.
        """
        for metric, period, means, severity in (
            (
                MeteringMetric.LINES_CONFLICT,
                FIVE_MINUTES,
                "AWS Marketplace has another quantity on file for a line's hour: what was sent is not billed",
                Severity.PAGE,
            ),
            (
                MeteringMetric.LINES_EXPIRED,
                FIVE_MINUTES,
                "usage was not billed before its deadline, and AWS Marketplace no longer takes it",
                Severity.PAGE,
            ),
            (
                MeteringMetric.LINES_PRESUMED_ON_FILE,
                HOUR,
                "lines are presumed on file: an answer was lost, and AWS Marketplace called the next try a duplicate",
                Severity.TICKET,
            ),
            (
                MeteringMetric.LINES_CAPPED,
                HOUR,
                "an hour has more units than one line takes: the rest waits in the balance",
                Severity.TICKET,
            ),
            (
                MeteringMetric.TAG_SETS_FOLDED,
                HOUR,
                "a line had more sets of tags than AWS Marketplace takes: the smallest are billed without their tags",
                Severity.TICKET,
            ),
            (
                MeteringMetric.ALLOCATIONS_MISSING,
                HOUR,
                "the frozen allocations of a line are gone or damaged: it is not sent, and expires at its deadline",
                Severity.PAGE,
            ),
            (MeteringMetric.LINES_REJECTED, HOUR, "AWS Marketplace rejected lines", Severity.PAGE),
            (
                MeteringMetric.PRODUCT_FAULTS,
                HOUR,
                "AWS Marketplace refuses the whole product (access, code, API): nothing is billed until repaired",
                Severity.PAGE,
            ),
            (
                MeteringMetric.SHARED_RECORD_IDS,
                HOUR,
                "two lines were answered with one MeteringRecordId: one of them may not be billed",
                Severity.PAGE,
            ),
        ):
            self._add(_id(metric), self._metric(metric, "Sum", period), means, severity)

    def _levels(self) -> None:
        for metric, means in (
            (MeteringMetric.FAILED_LINES, "lines ended without being billed, and nobody has resolved them yet"),
            (
                MeteringMetric.HOURS_WAITING,
                "hours cannot be sealed: the buyer's identity or entitlements are missing",
            ),
        ):
            self._add(_id(metric), self._metric(metric, "Maximum", HOUR), means, Severity.TICKET)

    def _metric(self, name: MeteringMetric, statistic: str, period: Duration) -> cloudwatch.Metric:
        return room_metric(name, namespace=self._namespace, room=self._service, statistic=statistic, period=period)

    def _add(
        self, id_: str, metric: cloudwatch.Metric, means: str, severity: Severity, *, at_least: float = 1
    ) -> cloudwatch.Alarm:
        return add_alarm(
            self, id_, metric=metric, means=means, routes=self._routes, severity=severity, at_least=at_least
        )


def _id(metric: MeteringMetric) -> str:
    """``LINES_CONFLICT`` → ``LinesConflict``."""
    return metric.name.title().replace("_", "")
