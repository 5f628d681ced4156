"""The metrics that a function emitted, from what it printed (CloudWatch's embedded metric format)."""

import json
from collections import Counter

import pytest


def emitted(capsys: pytest.CaptureFixture[str]) -> Counter[str]:
    """Name → sum, since the last look."""
    found: Counter[str] = Counter()
    for line in capsys.readouterr().out.splitlines():
        if '"_aws"' in line:
            values = json.loads(line)
            for metric in values["_aws"]["CloudWatchMetrics"][0]["Metrics"]:
                found[metric["Name"]] += sum(values[metric["Name"]])
    return found
