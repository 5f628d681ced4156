"""Time to import and initialise each function, over ``boto3.client("dynamodb")`` of stock boto3 and botocore."""

import statistics
import subprocess

from bench import asset
from bench.figure import Figure, Say, Table, at_most
from bench.house import PRODUCTS
from buyer.usage_page.settings import PageSettings
from metering.seal.unusual_settings import UnusualSettings
from runtime import settings

ROUNDS = 15
#: What a worker and a door may take at most, over the reference.
WORKERS_MOST, DOORS_MOST = 0.85, 1.0
#: Functions that people or programs wait for, and all others, with their handlers' modules.
DOORS = {
    "usage": "usage.handlers.usage",
    "registration": "buyer.handlers.registration",
    "subscriber-api": "buyer.handlers.subscriber_api",
    "buyer-usage": "buyer.handlers.buyer_usage",
    "access": "buyer.handlers.access",
    "usage-page": "buyer.handlers.usage_page",
    "engine-gateway": "yawl.handlers.engine_gateway",
}
WORKERS = {
    "usage-queue": "usage.handlers.usage_queue",
    "subscription-notices": "buyer.handlers.subscription_notices",
    "entitlement-notices": "buyer.handlers.entitlement_notices",
    "tell-people": "buyer.handlers.tell_people",
    **{
        name: f"metering.handlers.{name.replace('-', '_')}"
        for name in (
            *("put-zero-records", "find-due-hours", "seal-hours", "plan-batches", "submit-batch", "settle-hours"),
            *("report", "find-final-hours", "refuse-usage", "end-subscription", "start-final-metering"),
            "look-after-leavers",
        )
    },
    "tell-events": "buyer.handlers.tell_events",
    "send-webhooks": "buyer.handlers.send_webhooks",
    "archive-changes": "archive.handlers.archive_changes",
    "audit-conservation": "archive.handlers.audit_conservation",
    "reconcile-calls": "reconcile.handlers.reconcile_calls",
    "reconcile-usage": "reconcile.handlers.reconcile_usage",
    "reconcile-invoices": "reconcile.handlers.reconcile_invoices",
    "search-agreements": "buyer.handlers.search_agreements",
    "reconcile-engine": "yawl.handlers.reconcile_engine",
    "look-after-engines": "yawl.handlers.look_after_engines",
    "read-access-log": "yawl.handlers.read_access_log",
}
#: A cold start imports the handler, and makes what it keeps between invocations: its cached functions' results.
_TIMED = """import sys, time
sys.path.insert(0, {folder!r})
begun = time.process_time()
import {module} as handler
for name, kept in list(vars(handler).items()):
    if hasattr(kept, "cache_info") and kept.__module__ == handler.__name__:
        kept()
print(time.process_time() - begun)
"""
_REFERENCE = """import sys, time
sys.path.insert(0, {folder!r})
begun = time.process_time()
import boto3
boto3.client("dynamodb")
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
    "NOTICES_OF": "all",
    "PRODUCTS": PRODUCTS.to_json(),
    "PRODUCT_IDS": "{}",
    "PENDING_SHARDS": "1",
    "REPORTERS": "[]",
    "ACCESS": "{}",
    "USAGE_PAGE": PageSettings().to_json(),
    **dict.fromkeys(("BRANDING", "REGISTRATION_FIELDS"), "{}"),
    "CONFIRM_WITHIN_SECONDS": "3600",
    "PEOPLE_QUEUE_URL": "http://127.0.0.1/queue",
    **dict.fromkeys(("SELLER_ROLE_ARN", "EXTERNAL_ID"), ""),
    "UNUSUAL": UnusualSettings().to_json(),
    **dict.fromkeys(("WAITING_USAGE_QUEUE_URL", "REFUSED_USAGE_QUEUE_URL"), "http://127.0.0.1/queue"),
    "SEAL_DELAY_MINUTES": "10",
    "METERING_MODE": "live",
    "CALLS_PER_SECOND": "8",
    "SUBMIT_CONCURRENCY": "1",
    "THRESHOLDS": "",
}


def started(program: str) -> float:
    """CPU seconds of a program in a new interpreter that sees the standard library only. Raises RuntimeError if it
    fails."""
    command = [str(asset.FUNCTION_PYTHON), "-ISB", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT)  # noqa: S603
    if done.returncode:
        raise RuntimeError(f"{program}\n{done.stderr}")
    return float(done.stdout.split()[-1])


def measure(say: Say) -> Figure:
    """Each function's CPU time to import and initialise, over that of the stock client, in rounds by turns."""
    say("bundling")
    ours, stock = str(asset.bundled()), str(asset.stock())
    starts = {name: _TIMED.format(folder=ours, module=module) for name, module in (WORKERS | DOORS).items()}
    programs = {"reference": _REFERENCE.format(folder=stock), **starts}
    times: dict[str, list[float]] = {name: [] for name in programs}
    for number in range(ROUNDS + 1):
        say(f"round {number} of {ROUNDS}" if number else "warming up")
        found = {name: started(program) for name, program in programs.items()}
        if number:  # The first round fills the disk's cache.
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
            at_most("the slowest worker", max(ratio[name] for name in WORKERS), WORKERS_MOST),
            at_most("the slowest API function", max(ratio[name] for name in DOORS), DOORS_MOST),
        ],
        tables=[
            Table(
                title="By function (times are this machine's, on this day)", head=["", "CPU", "over stock"], rows=rows
            )
        ],
        data={"ratio": ratio},
    )
