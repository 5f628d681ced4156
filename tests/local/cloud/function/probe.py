"""A function for the tests of the local cloud: does what its event says."""

import json
import os
import sys
import urllib.request
from typing import Any

CALLS = {"count": 0}


class MarketplaceBusy(Exception):
    pass


class ProductFault(Exception):
    pass


def handle(event: dict[str, Any], context: object) -> Any:
    CALLS["count"] += 1
    if "httpMethod" in event:
        identity = event["requestContext"]["identity"]
        body = {"path": event["path"], "body": event.get("body"), "user": identity.get("userArn")}
        return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": json.dumps(body)}
    if event.get("raise") == "MarketplaceBusy":
        raise MarketplaceBusy("slow down")
    if event.get("raise") == "ProductFault":
        raise ProductFault("no such product")
    if event.get("raise") == "busy twice":
        if CALLS["count"] % 3:
            raise MarketplaceBusy("slow down")
        return {"calls": CALLS["count"]}
    if event.get("get"):
        with urllib.request.urlopen(event["get"], timeout=5) as answer:
            return json.load(answer)
    return {
        "calls": CALLS["count"],
        "pid": os.getpid(),
        "environment": dict(os.environ),
        "executable": sys.executable,
        "path": sys.path,
        "modules": [name for name in ("ministack", "boto3", "botocore") if _importable(name)],
    }


def _importable(name: str) -> bool:
    try:
        __import__(name)
    except ImportError:
        return False
    return True
