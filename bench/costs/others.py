"""The least that a self-hosted OpenMeter and a self-hosted Lago need, at the same prices.

A floor: each part once, or twice where its makers ask for high availability, in AWS's smaller sizes, whatever the load.
Both are billing and metering in general; neither meters to AWS Marketplace.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from bench.costs.prices import Price

#: Each deployment's own description.
OPENMETER = (
    "https://github.com/openmeterio/openmeter/blob/7e57a39/deploy/charts/openmeter/values.yaml (four deployments,"
    ' Kafka, ClickHouse, Postgres, Redis, Svix; "Not recommended for production environments" for those it brings)'
    " and https://openmeter.io/blog/announcing-openmeter-kubernetes-helm-chart-v1 (bring highly available Kafka and"
    " ClickHouse)"
)
LAGO = (
    "https://github.com/getlago/lago-helm-charts/blob/5345bb6/charts/lago/values.yaml (requests of front, api, worker,"
    " clock and pdf: 3.4 vCPU, 4.75 GiB) and https://getlago.com/docs/guide/lago-self-hosted/compatibility-matrix"
    " (Postgres, Redis; ClickHouse and Redpanda for streams of events)"
)
#: Bytes of an event on the disk of a columnar store, and of a row store with its indexes. Reckoned.
COLUMNAR, ROWS = 60, 600
MONTHS = 2


class Part(NamedTuple):
    """A part of a deployment: how many of a price."""

    what: str
    number: float
    price: str


_COMMON = (
    Part("load balancer", 1, "load_balancer"),
    Part("Postgres in two zones", 1, "postgres_two_zones"),
    Part("Redis, on a small server", 1, "small_server"),
)
PARTS: Mapping[str, Sequence[Part]] = {
    "OpenMeter": (
        *_COMMON,
        # The chart asks for nothing; half a core and a GB for each is what we take.
        Part("API, sink, balance, notification and Svix: vCPU", 2.5, "fargate_cpu"),
        Part("the same: GB", 5, "fargate_gb"),
        Part("Kafka brokers", 3, "kafka_broker"),
        Part("ClickHouse servers", 2, "server"),
    ),
    "Lago": (
        *_COMMON,
        Part("front, api, worker, clock, pdf: vCPU", 3.4, "fargate_cpu"),
        Part("the same: GB", 4.75, "fargate_gb"),
    ),
    "Lago with streams": (
        *_COMMON,
        Part("the same, events consumer and processor: vCPU", 5.6, "fargate_cpu"),
        Part("the same: GB", 6.75, "fargate_gb"),
        Part("Redpanda, as Kafka brokers", 3, "kafka_broker"),
        Part("ClickHouse servers", 2, "server"),
    ),
}


def floor(name: str, events: float, prices: Mapping[str, Price]) -> float:
    """US dollars a month of a deployment that keeps so many events a month for two months."""
    stored = events * MONTHS * (ROWS if name == "Lago" else 2 * COLUMNAR) / 1e9
    return sum(prices[part.price].usd * part.number for part in PARTS[name]) + prices["disk_gb"].usd * stored
