"""Lines and objects of an Application Load Balancer's access log, as the tests make them.

The fields and their order are those of the Elastic Load Balancing user guide, "Access log entries".
"""

import gzip
import json
from collections.abc import Iterable
from typing import Any

from yawl.engine import AccessLogs, Dimensions, Engine

BUCKET = "balancer-logs"
PREFIX = "AWSLogs/123456789012/elasticloadbalancing/us-east-1/2026/11/29"
BALANCER = "123456789012_elasticloadbalancing_us-east-1_app.engines.50dc6c495c0c9188"
NAME = f"{BALANCER}_20261129T1605Z_203.0.113.7_20sg8hgm.log.gz"
KEY = f"{PREFIX}/{NAME}"
GROUP = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/engine/73e2d6bc24d8a067"
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"


def line(
    url: str = "https://engine.example.com:443/yawl/ib",
    *,
    kind: str = "https",
    time: str = "2026-11-29T16:02:00.186641Z",
    client: str = "192.0.2.39:2817",
    target: str = "10.0.0.1:8080",
    status: str = "200",
    target_status: str = "200",
    received: int | str = 400,
    sent: int | str = 600,
    method: str = "POST",
    agent: str = "Java/17.0.15",
    tls: str = "ECDHE-RSA-AES128-GCM-SHA256 TLSv1.3",
    request: str | None = None,
    more: str = ' "-" "-" "10.0.0.1:8080" "200" "-" "-" TID_1234abcd5678ef90 "-" "-" "-"',
) -> str:
    """One line with all fields of today; ``request`` takes the place of method, URL and version."""
    request = request if request is not None else f"{method} {url} HTTP/1.1"
    return (
        f"{kind} {time} app/engines/50dc6c495c0c9188 {client} {target} 0.000 0.001 0.000 {status} {target_status}"
        f' {received} {sent} "{request}" "{agent}" {tls} {GROUP} "Root=1-58337262-36d228ad5d99923122bbe354"'
        f' "engine.example.com" "{CERTIFICATE}" 0 2026-11-29T16:01:59.364000Z "forward"{more}'
    )


def zipped(lines: Iterable[str]) -> bytes:
    """An object of these lines, as the load balancer stores it."""
    return gzip.compress("".join(f"{each}\n" for each in lines).encode(), mtime=0)


def engine(name: str = "eng-7", **values: Any) -> Engine:
    """An engine whose calls and bytes are sold; the whole bucket is its, unless ``access_logs`` says otherwise."""
    usual: dict[str, Any] = {
        "since": 0.0,
        "customers": {"": "l-0123"},
        "dimensions": Dimensions(calls="api_calls", gigabytes="data_processed_gb"),
        "access_logs": AccessLogs(bucket=BUCKET),
    }
    return Engine(id=name, **{**usual, **values})


def notice(key: str = KEY, bucket: str = BUCKET, etag: str = "b1946ac92492d2347c6235b4d2611184") -> str:
    """The body of a message: EventBridge's event of a created object."""
    return json.dumps(
        {
            "version": "0",
            "id": "17793124-05d4-b198-2fde-7ededc63b103",
            "detail-type": "Object Created",
            "source": "aws.s3",
            "account": "123456789012",
            "time": "2026-11-29T16:06:00Z",
            "region": "us-east-1",
            "resources": [f"arn:aws:s3:::{bucket}"],
            "detail": {
                "version": "0",
                "bucket": {"name": bucket},
                "object": {"key": key, "size": 5, "etag": etag, "sequencer": "00617F08299329D189"},
                "request-id": "N4N7GDK58NMKJ12R",
                "requester": "delivery.logs.amazonaws.com",
                "reason": "PutObject",
            },
        }
    )
