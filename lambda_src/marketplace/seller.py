"""The account that published the product, where that is not the one that the functions run in.

AWS Marketplace takes calls from the seller's account alone (BatchMeterUsage, ResolveCustomer, GetEntitlements), so from
another one every call is made with a role of the seller's. botocore assumes it at the first call, and again a quarter
of an hour before its credentials end.
"""

from collections.abc import Callable
from functools import cache, partial
from typing import Any, NamedTuple

from botocore.config import Config
from botocore.credentials import (
    AssumeRoleCredentialFetcher,
    CredentialProvider,
    CredentialResolver,
    Credentials,
    DeferredRefreshableCredentials,
)
from botocore.exceptions import ConnectionError as BrokenConnection
from botocore.exceptions import HTTPClientError
from botocore.parsers import ResponseParserError
from botocore.session import Session

from marketplace.faults import SellerRoleUnanswered
from runtime import aws

#: The name under which the seller's CloudTrail records our calls.
SESSION_NAME = "yawl-metering"
#: One short attempt: a buyer may be waiting, and every caller repeats calls in its own way.
_STS = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 1})


class Seller(NamedTuple):
    """The account that published the product.

    role_arn: empty where the functions' own account published the product. external_id: what the role's trust policy
    asks for (IAM User Guide, "The confused deputy problem"); no secret.
    """

    role_arn: str = ""
    external_id: str = ""

    def client(self, service: str, region: str, config: Config) -> Any:
        """A client of a service of AWS Marketplace, with the seller's rights. Making it calls nothing."""
        session = _assumed(self.role_arn, self.external_id) if self.role_arn else aws.session()
        return session.create_client(service, region_name=region, config=config)


OURSELVES = Seller()


@cache
def _assumed(role_arn: str, external_id: str) -> Session:
    """A session whose credentials are the role's. STS is asked in the functions' own Region."""
    own = aws.session()
    fetcher = AssumeRoleCredentialFetcher(
        partial(own.create_client, config=_STS),
        own.get_credentials(),
        role_arn,
        extra_args={"ExternalId": external_id, "RoleSessionName": SESSION_NAME},
    )
    credentials = DeferredRefreshableCredentials(partial(_answered, fetcher.fetch_credentials), "assume-role")
    session = Session()
    session.register_component("credential_provider", CredentialResolver([_Given(credentials)]))
    return session


def _answered(fetch: Callable[[], Any]) -> Any:
    """STS's answer. Raises SellerRoleUnanswered where there is none: Marketplace was then never asked."""
    try:
        return fetch()
    except (HTTPClientError, BrokenConnection, ResponseParserError) as error:
        raise SellerRoleUnanswered(reason=type(error).__name__) from error


class _Given(CredentialProvider):
    METHOD = "assume-role"

    def __init__(self, credentials: Credentials) -> None:
        super().__init__()
        self._credentials = credentials

    def load(self) -> Credentials:
        return self._credentials
