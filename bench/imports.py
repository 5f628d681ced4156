"""Time to import and initialise each function, over ``boto3.client("dynamodb")`` of stock boto3 and botocore."""

import statistics
import subprocess
from pathlib import Path

from bench import asset
from bench.figure import Figure, Say, Table, at_most
from runtime import settings

ROUNDS = 15
WORKERS, DOORS = 0.85, 1.0
REFERENCE = "import boto3\nboto3.client('dynamodb')"
#: function → how a cold start makes it ready: its module, what it works with, and the modules of its state
WORKER_STARTS = {
    "find-due-hours": "import metering.handlers as h, metering.find_due_hours, marketplace.dimensions\nh.dynamodb()",
    "seal-hours": "import metering.handlers as h\nh.sealer()",
    "plan-batches": "import metering.handlers as h, metering.plan_batches, ledger.subscribers\nh.dynamodb()",
    "submit-batch": "import metering.handlers as h\nh.submitter()",
    "settle-hours": "import metering.handlers as h, metering.settle_hours, ledger.settlement\nh.dynamodb()",
    "put-zero-records": "import metering.handlers as h\nh.zero_records()",
    "report": "import metering.handlers as h, metering.report, metering.copy_failed, ledger.settlement\n"
    "h.dynamodb(); h.sqs()",
    "find-final-hours": "import metering.final_handlers as h, ledger.metering_records, metering.find_final_hours\n"
    "h.dynamodb()",
    "refuse-usage": "import metering.final_handlers as h, metering.refuse_usage\nh.dynamodb()",
    "end-subscription": "import metering.final_handlers as h, ledger.leaving, ledger.metering_records\n"
    "import metering.end_subscription, metering.settle_line\nh.dynamodb()",
    "start-final-metering": "import metering.final_handlers as h\nh.starter('arn')",
    "look-after-leavers": "import metering.final_handlers as h\nh.dynamodb(); h.starter('arn')",
    "usage-queue": "import usage.handlers.usage_queue as h\nh.drain()",
    "subscription-notices": "import buyer.handlers.subscription_notices as h\nh.receiver()",
    "entitlement-notices": "import buyer.handlers.entitlement_notices as h\nh.receiver()",
}
DOOR_STARTS = {
    "usage": "import usage.handlers.usage as h\nh.stores()",
    "registration": "import buyer.handlers.registration as h\nh.registrar(); h.sessions()",
    "subscriber-api": "import buyer.handlers.subscriber_api as h\nh.subscribers()",
}
_TIMED = """import sys, time
sys.path.insert(0, {folder!r})
begun = time.process_time()
{start}
print(time.process_time() - begun)
"""
#: What Lambda and the stacks set beside a function's own settings.
_SET_BY_LAMBDA = (
    *("POWERTOOLS_METRICS_NAMESPACE", "POWERTOOLS_SERVICE_NAME", "AWS_LAMBDA_FUNCTION_NAME"),
    *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
)
#: Every setting that any function declares has some value, so that a new one cannot fail the measurement.
_SETTINGS = (
    name
    for kind in vars(settings).values()
    if isinstance(kind, type) and issubclass(kind, settings.Settings)
    for name in kind.names()
)
ENVIRONMENT = {
    **dict.fromkeys((*_SET_BY_LAMBDA, *_SETTINGS), "x"),
    **dict.fromkeys(("AWS_REGION", "AWS_DEFAULT_REGION", "METERING_REGION"), "us-east-1"),
    "INTEGRATION": "license",
    "NOTICES_OF": "all",
    "PRICING_MODEL": "subscription",
    "TIERS": "[]",
    "DIMENSIONS": "{}",
    "PENDING_SHARDS": "1",
    "REPORTERS": "[]",
    **dict.fromkeys(("SELLER_ROLE_ARN", "EXTERNAL_ID"), ""),
    "HOURLY_ZEROS": "off",
    **dict.fromkeys(("WAITING_USAGE_QUEUE_URL", "REFUSED_USAGE_QUEUE_URL"), "http://127.0.0.1/queue"),
    "SEAL_DELAY_MINUTES": "10",
    "METERING_MODE": "live",
    "CALLS_PER_SECOND": "8",
    "SUBMIT_CONCURRENCY": "1",
}


def started(folder: Path, start: str) -> float:
    """CPU seconds of one cold start in a new interpreter that sees this folder and the standard library only.

    Raises RuntimeError where it fails.
    """
    program = _TIMED.format(folder=str(folder), start=start)
    command = [str(asset.FUNCTION_PYTHON), "-ISB", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT)  # noqa: S603
    if done.returncode:
        raise RuntimeError(f"{start}\n{done.stderr}")
    return float(done.stdout.split()[-1])


def measure(say: Say) -> Figure:
    say("bundling")
    ours, stock = asset.bundled(), asset.stock()
    starts = {**WORKER_STARTS, **DOOR_STARTS}
    times: dict[str, list[float]] = {name: [] for name in ("reference", *starts)}
    for number in range(ROUNDS + 1):
        say(f"round {number} of {ROUNDS}" if number else "warming up")
        found = {"reference": started(stock, REFERENCE)}
        found |= {name: started(ours, start) for name, start in starts.items()}
        if number:  # the first fills the disk's cache
            for name, seconds in found.items():
                times[name].append(seconds)
    ratio = {
        name: statistics.median(a / b for a, b in zip(times[name], times["reference"], strict=True)) for name in starts
    }
    rows = [
        [name, f"{statistics.median(times[name]) * 1e3:.0f} ms", f"{ratio[name]:.2f}" if name in ratio else ""]
        for name in times
    ]
    return Figure(
        name="imports",
        title="Time to import and initialise",
        method=(
            "CPU of a new interpreter from the first import until the function has what it works with, over that of "
            f'`boto3.client("dynamodb")` of unchanged boto3 and botocore; both with bytecode. {ROUNDS} rounds of '
            "all in turn; ratio within a round, median of the rounds. No cold start: that has a machine to start too."
        ),
        readings=[
            at_most("the slowest worker", max(ratio[name] for name in WORKER_STARTS), WORKERS),
            at_most("the slowest API function", max(ratio[name] for name in DOOR_STARTS), DOORS),
        ],
        tables=[
            Table(
                title="By function (times are this machine's, on this day)", head=["", "CPU", "over stock"], rows=rows
            )
        ],
        data={"ratio": ratio},
    )
