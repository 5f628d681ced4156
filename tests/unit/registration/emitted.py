"""Metrics that the doors emitted, from what they printed (CloudWatch's embedded metric format)."""

import json
from collections import Counter

import pytest


def emitted(capsys: pytest.CaptureFixture[str]) -> Counter[str]:
    """Name → sum, since the last look."""
    found: Counter[str] = Counter()
    for line in capsys.readouterr().out.splitlines():
        if '"_aws"' in line:
            said = json.loads(line)
            for metric in said["_aws"]["CloudWatchMetrics"][0]["Metrics"]:
                found[metric["Name"]] += sum(said[metric["Name"]])
    return found
