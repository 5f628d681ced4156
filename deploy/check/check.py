"""The looks of ``make check``, in the order in which they depend on each other."""

from collections.abc import Iterator
from functools import cache, partial

from deploy.check.account import account_line, bootstrap_lines, region_lines, seller_aws, seller_lines
from deploy.check.catalog import Found, find_product
from deploy.check.deployed import dead_letter_lines, schedule_lines, stack_lines
from deploy.check.fulfilment import PATH, listed_line, page_lines
from deploy.check.listing import product_lines
from deploy.check.quotas import concurrency_lines, log_role_lines
from deploy.check.routes import route_lines, subscription_lines
from deploy.check.topics import topic_lines
from deploy.deployed_stage import DeployedStage
from deploy.line import Line
from deploy.show_lines import Look
from marketplace.products import Product

POLICY = "docs/check-policy.json"


def looks(deployed: DeployedStage) -> Iterator[Look]:
    """The looks at an account and a listing. Each look calls AWS when it runs, not before."""

    @cache
    def found(product_code: str) -> Found:
        return find_product(seller_aws(deployed), product_code)

    def fulfilment(sold: Product) -> Iterator[Line]:
        own = f"{deployed.named_url}{PATH}" if deployed.named_url else None
        product = found(sold.code).product
        if product is not None:
            yield listed_line(deployed.stage, product.fulfilment_urls, own)

    yield Look("account", lambda: [account_line(deployed.target)])
    yield Look("seller account", lambda: seller_lines(deployed))
    yield Look("Region", lambda: region_lines(deployed))
    yield Look("bootstrap", lambda: bootstrap_lines(deployed))
    yield Look("Lambda concurrency", lambda: concurrency_lines(deployed))
    yield Look("API Gateway's log role", lambda: log_role_lines(deployed))
    for sold in deployed.stage.products:
        of = f" of {sold.named}" if deployed.stage.products.only is None else ""
        yield Look(f"product{of}", partial(lambda each: product_lines(deployed.stage, each, found(each.code)), sold))
        yield Look(f"fulfilment URL{of}", partial(fulfilment, sold))
    yield Look("fulfilment page", lambda: page_lines(deployed))
    yield Look("notice topics", lambda: topic_lines(deployed))
    yield Look("alarm routes", lambda: route_lines(deployed))
    yield Look("stacks", lambda: stack_lines(deployed.stage, deployed.stacks))
    yield Look("subscriptions", lambda: subscription_lines(deployed))
    yield Look("schedules", lambda: schedule_lines(deployed))
    yield Look("dead letters", lambda: dead_letter_lines(deployed))
