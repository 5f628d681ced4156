"""AWS clients, made by botocore itself: boto3 on top of it costs a cold start and adds nothing that is used here.

Credentials, Region, endpoints (``AWS_ENDPOINT_URL_…``) and retries come from the environment exactly as with boto3.
"""

from functools import cache
from typing import Any

from botocore.config import Config
from botocore.session import Session, get_session


@cache
def session() -> Session:
    """The process's session; making another would cost as much as a client."""
    return get_session()


def client(service: str, region_name: str | None = None, config: Config | None = None) -> Any:
    """A client of a service by botocore's name for it (typed where it is kept)."""
    return session().create_client(service, region_name=region_name, config=config)
