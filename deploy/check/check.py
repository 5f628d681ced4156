"""The looks of ``make check``, in the order in which one depends on another."""

from collections.abc import Iterator
from functools import cache

from deploy.check.account import account_line, bootstrap_lines, region_lines, seller_lines, seller_reader
from deploy.check.catalog import Found, find_product
from deploy.check.deployed import dead_letter_lines, schedule_lines, stack_lines
from deploy.check.fulfilment import PATH, listed_line, page_lines
from deploy.check.listing import product_lines
from deploy.check.quotas import concurrency_lines, log_role_lines
from deploy.check.routes import route_lines, subscription_lines
from deploy.check.topics import topic_lines
from deploy.line import Line
from deploy.show_lines import Look
from deploy.stage_there import StageThere

POLICY = "docs/check-policy.json"


def looks(there: StageThere) -> Iterator[Look]:
    """Each asks when it is looked at, not before."""

    @cache
    def found() -> Found:
        return find_product(seller_reader(there), there.stage.product_code)

    def fulfilment() -> Iterator[Line]:
        own = f"{there.named_url}{PATH}" if there.named_url else None
        product = found().product
        if product is not None:
            yield listed_line(there.stage, product.fulfilment_urls, own)

    yield Look("account", lambda: [account_line(there.target)])
    yield Look("seller account", lambda: seller_lines(there))
    yield Look("Region", lambda: region_lines(there))
    yield Look("bootstrap", lambda: bootstrap_lines(there))
    yield Look("Lambda concurrency", lambda: concurrency_lines(there))
    yield Look("API Gateway's log role", lambda: log_role_lines(there))
    yield Look("product", lambda: product_lines(there.stage, found()))
    yield Look("fulfilment URL", fulfilment)
    yield Look("fulfilment page", lambda: page_lines(there))
    yield Look("notice topics", lambda: topic_lines(there))
    yield Look("alarm routes", lambda: route_lines(there))
    yield Look("stacks", lambda: stack_lines(there.stage, there.stacks))
    yield Look("subscriptions", lambda: subscription_lines(there))
    yield Look("schedules", lambda: schedule_lines(there))
    yield Look("dead letters", lambda: dead_letter_lines(there))
