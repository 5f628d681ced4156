"""What every test folder needs: a quiet machine, the same examples on every run, and assemblies synthesized once."""

import os
from dataclasses import replace

import pytest
from hypothesis import settings

from tests.synthesized import Assembly, shipped

# as every deployed function has them (stacks/constructs/function.py); no test may reach a real account
os.environ.update(
    {
        "POWERTOOLS_METRICS_NAMESPACE": "YawlMarketplaceMetering/test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
)

settings.register_profile("same-every-run", derandomize=True, deadline=None, database=None)
settings.load_profile("same-every-run")


@pytest.fixture(scope="session")
def prod(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    return Assembly.of(shipped("prod"), tmp_path_factory.mktemp("prod"))


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    return Assembly.of(shipped("local"), tmp_path_factory.mktemp("local"))


@pytest.fixture(scope="session")
def abroad(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """As in production, but in a Region that an account has to switch on, and for buyers of both kinds."""
    stage = replace(shipped("prod"), region="me-central-1", integration="mixed", notices=("eventbridge", "sns"))
    return Assembly.of(stage, tmp_path_factory.mktemp("abroad"))
