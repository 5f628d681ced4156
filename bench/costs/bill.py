"""A stage's month in US dollars, from its census, measured units and prices. Pure.

What is kept counts for the whole time that it is kept (a steady state): an event 60 days in its table, in the archive
and in the logs as long as the stage says. Records of hours never go; they count as after the first year.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from bench.costs.census import HOURS, Census
from bench.costs.prices import GB, MILLION, Price
from bench.costs.units import EVENTS, Units
from bench.workflow.pages import pages, transitions
from bench.workflow.service_times import MARKETPLACE_SECONDS, Step

LINES = 5
ARCHIVE = "S3 archive, seven years"
EVENT_MONTHS = 2
ARCHIVE_MONTHS = 84
LOG_MONTHS = 12
RECORD_MONTHS = 12
#: Bytes that Lambda and Powertools log for each invocation: start, end, report, and metrics. Reckoned, not measured.
LOGGED_BY_AN_INVOCATION = 1_500
#: Bytes that Step Functions logs for a state transition, at the level ALL with data. Reckoned.
LOGGED_BY_A_TRANSITION = 3_000
#: Log bytes on disk for each that came in (CloudWatch's price page: compressed to 0.15).
COMPRESSED = 0.15
#: Metrics that an idle stage sends in each hour: 11 of the report, 2 of the look after cancelled customers, 3 of the
#: comparison with CloudTrail's calls; and the units at risk and failed, by dimension.
IDLE_METRICS = 16
IDLE_METRICS_OF_A_DIMENSION = 2
#: Those of usage: events, hours sealed, calls, lines and money billed, changes archived; and units billed.
METRICS_IN_USE = 6
METRICS_IN_USE_OF_A_DIMENSION = 1
#: X-Ray's default rule: the first request of each second, and a share of the others.
TRACED = 0.05
#: The customers of whom a million events is a part, with 100 events an hour each: what is traced depends on the rate.
USUAL = 10_000
#: Empty answers that Lambda's poller takes of an idle queue: five connections, each of 20 seconds (AWS Compute Blog,
#: "Estimating cost for Amazon SQS message processing using AWS Lambda").
POLLS_AN_HOUR = 5 * 3600 / 20
#: Seconds that Lambda charges for a scheduled call, most of them a cold start. Measured start-ups are shorter.
SCHEDULED_SECONDS = 2.0
#: Functions that a run without usage invokes, and states: put zero records, find, plan, report.
OF_AN_EMPTY_RUN = 4
#: Changes in one object of the archive at best, and the window that makes an object even of one change, in hours.
ARCHIVE_BATCH = 10_000
ARCHIVE_WINDOW_HOURS = 5 / 60


@dataclass(frozen=True)
class Measured:
    """What the bill is made of. steps: CPU and requests of the functions' steps. rate, copies: of the submitter."""

    census: Census
    event: Units
    hour: Units
    steps: Mapping[str, Step]
    rate: float
    copies: int


@dataclass(frozen=True)
class Bill:
    """Amounts in US dollars a month, by service."""

    measured: Measured
    price: Mapping[str, Price]

    @cached_property
    def idle(self) -> dict[str, float]:
        """A stage that nobody uses."""
        census, usd = self.measured.census, self._usd
        seconds = (census.calls + census.runs * OF_AN_EMPTY_RUN) * SCHEDULED_SECONDS
        invocations = census.calls + census.runs * OF_AN_EMPTY_RUN
        states = census.runs * transitions(0, lines=LINES, rate=self.measured.rate, copies=self.measured.copies)
        logged = invocations * LOGGED_BY_AN_INVOCATION + states * LOGGED_BY_A_TRANSITION
        return {
            "CloudWatch alarms": usd("alarm_metric", census.alarm_metrics),
            "CloudWatch composite alarms": usd("composite_alarm", census.composites),
            "CloudWatch metrics": usd("custom_metric", IDLE_METRICS + IDLE_METRICS_OF_A_DIMENSION * LINES),
            "CloudWatch dashboard": usd("dashboard", census.dashboards),
            "CloudWatch Logs": self._logs(logged),
            "SQS": usd("sqs_request", census.polled * POLLS_AN_HOUR * HOURS / MILLION),
            "Secrets Manager": usd("secret", census.secrets),
            "Step Functions": usd("step_functions_transition", states / 1000),
            "Lambda": self._lambda(invocations, seconds * 0.5),
            "X-Ray": usd("trace", invocations / MILLION),
        }

    @cached_property
    def million_events(self) -> dict[str, float]:
        """A million events in requests of 100, each of one customer's hour."""
        units, usd = self.measured.event, self._usd
        requests = MILLION / EVENTS
        record = self.measured.steps["record"]
        seconds = requests * record.on_aws(self._memory("usage"))
        objects = MILLION * units.changes / ARCHIVE_BATCH
        gb_seconds = seconds * self._gb("usage") + objects * self._gb("archive-changes")
        traced = min(1.0, 3600 / USUAL + TRACED)
        return {
            "DynamoDB writes": usd("dynamodb_write", units.written),
            "DynamoDB reads": usd("dynamodb_read", units.read),
            "DynamoDB storage, 60 days": EVENT_MONTHS * self._stored(MILLION * units.stored),
            "API Gateway": usd("api_request", requests / MILLION),
            # The archive's function: a second for a full batch, which is what its gzip takes.
            "Lambda": self._lambda(requests + objects, gb_seconds),
            ARCHIVE: self._archive(MILLION * units.archived, objects),
            "CloudWatch Logs": self._logs(MILLION * units.logged + requests * LOGGED_BY_AN_INVOCATION),
            "X-Ray": usd("trace", traced * requests / MILLION),
        }

    def hours(self, customers: int) -> dict[str, float]:
        """The metering of so many customers, each with usage in every dimension and in every hour of the month."""
        units, usd, steps = self.measured.hour, self._usd, self.measured.steps
        rate, copies = self.measured.rate, self.measured.copies
        of_run = list(pages(customers, lines=LINES, rate=rate, copies=copies))
        chunks, lanes = sum(page.chunks for page in of_run), sum(page.lanes for page in of_run)
        batches = sum(page.batches for page in of_run)
        # A lane waits for its pace, and is charged for it.
        a_batch = max(copies / rate, steps["submit"].on_aws(self._memory("submit-batch")) + MARKETPLACE_SECONDS)
        gb_seconds = (
            chunks * steps["seal"].on_aws(self._memory("seal-hours")) * self._gb("seal-hours")
            + chunks * steps["settle"].on_aws(self._memory("settle-hours")) * self._gb("settle-hours")
            + batches * a_batch * self._gb("submit-batch")
            + sum(self._preparing(page.keys) for page in of_run)
        )
        invocations = 2 * chunks + lanes + 2 * len(of_run)
        states = transitions(customers, lines=LINES, rate=rate, copies=copies)
        states -= transitions(0, lines=LINES, rate=rate, copies=copies)
        changes = customers * units.changes
        # Each table's stream has shards of its own; an object ends with its window.
        objects = max(changes / ARCHIVE_BATCH, 2 / ARCHIVE_WINDOW_HOURS)
        logged = customers * units.logged + invocations * LOGGED_BY_AN_INVOCATION + states * LOGGED_BY_A_TRANSITION
        metrics = METRICS_IN_USE + METRICS_IN_USE_OF_A_DIMENSION * LINES
        return {
            "CloudWatch metrics": usd("custom_metric", metrics),
            "DynamoDB writes": usd("dynamodb_write", HOURS * customers * units.written / MILLION),
            "DynamoDB reads": usd("dynamodb_read", HOURS * customers * units.read / MILLION),
            "DynamoDB storage, a year": RECORD_MONTHS * self._stored(HOURS * customers * units.stored),
            "Step Functions": usd("step_functions_transition", HOURS * states / 1000),
            "Lambda": self._lambda(HOURS * (invocations + objects), HOURS * (gb_seconds + objects * 0.5)),
            ARCHIVE: self._archive(HOURS * customers * units.archived, HOURS * objects),
            "CloudWatch Logs": self._logs(HOURS * logged),
        }

    def transitions(self, customers: int) -> int:
        """State transitions of one run."""
        return transitions(customers, lines=LINES, rate=self.measured.rate, copies=self.measured.copies)

    def _preparing(self, keys: int) -> float:
        find, plan = self.measured.steps["find"], self.measured.steps["plan"]
        return keys * sum(
            step.on_aws(self._memory(name)) / step.items * self._gb(name)
            for step, name in ((find, "find-due-hours"), (plan, "plan-batches"))
        )

    def _usd(self, name: str, number: float) -> float:
        return self.price[name].usd * number

    def _lambda(self, invocations: float, gb_seconds: float) -> float:
        return self._usd("lambda_request", invocations / MILLION) + self._usd("lambda_gb_second", gb_seconds)

    def _logs(self, size: float) -> float:
        kept = self._usd("logs_stored", LOG_MONTHS * COMPRESSED * size / GB)
        return self._usd("logs_ingested", size / GB) + kept

    def _archive(self, size: float, objects: float) -> float:
        return self._usd("s3_put", objects / 1000) + self._usd("s3_storage", ARCHIVE_MONTHS * size / GB)

    def _stored(self, size: float) -> float:
        return self._usd("dynamodb_storage", size / GB) + self._usd("dynamodb_recovery", size / GB)

    def _memory(self, function: str) -> int:
        return self.measured.census.memory[function]

    def _gb(self, function: str) -> float:
        return self._memory(function) / 1024
