"""The accounts of the local cloud, and sessions that sign as one of them.

The emulator takes an access key of 12 digits for the root user of that account. All other keys belong to IAM users and
roles, and their policies decide what they may do.
"""

import json
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from marketplace.regions import NOTICES_ACCOUNT

#: Our own account, which has the stacks.
SELLER_ACCOUNT = "111122223333"
#: AWS Marketplace's account, which owns the notification topics and sends agreement events.
MARKETPLACE_ACCOUNT = NOTICES_ACCOUNT
#: The secret of every account's root user on the emulator.
ROOT_SECRET = "test"  # noqa: S105 (not a secret, the emulator's constant)

CALL_POLICY = "call-the-api"


class LocalSession(boto3.Session):
    """A boto3 session whose clients call the local cloud."""

    def __init__(self, endpoint: str, region: str, access_key: str, secret_key: str) -> None:
        super().__init__(aws_access_key_id=access_key, aws_secret_access_key=secret_key, region_name=region)
        self._local_endpoint = endpoint

    # Type checkers see boto3's own signatures.
    if not TYPE_CHECKING:

        def client(self, service_name: str, **named: Any) -> Any:
            """As boto3's ``client``; the client calls the local cloud unless ``endpoint_url`` says otherwise."""
            named.setdefault("endpoint_url", self._local_endpoint)
            named.setdefault("config", Config(max_pool_connections=32, retries={"mode": "standard"}))
            return super().client(service_name, **named)

        def resource(self, service_name: str, **named: Any) -> Any:
            """As boto3's ``resource``; the resource calls the local cloud unless ``endpoint_url`` says otherwise."""
            named.setdefault("endpoint_url", self._local_endpoint)
            return super().resource(service_name, **named)


class Accounts:
    """Makes sessions for the callers that a test or a run needs."""

    def __init__(self, endpoint: str, region: str) -> None:
        self._endpoint = endpoint
        self._region = region

    def root(self, account: str, region: str | None = None) -> LocalSession:
        """A session of the root user of any account."""
        return LocalSession(self._endpoint, region or self._region, account, ROOT_SECRET)

    def api_caller(self, name: str, api_id: str, routes: Iterable[str] = ()) -> LocalSession:
        """A session of an IAM user of the seller's account that may call these routes of a REST API and nothing else.

        A route is ``<stage>/<METHOD>/<path>`` as IAM has it, ``*`` allowed: ``local/POST/usage``,
        ``local/GET/subscribers/*``. Without routes the user may do nothing. An existing user gets the routes of this
        call and a new key; its former routes and keys end.
        """
        iam = self.root(SELLER_ACCOUNT).client("iam")
        try:
            iam.create_user(UserName=name)
        except iam.exceptions.EntityAlreadyExistsException:
            for old in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
                iam.delete_access_key(UserName=name, AccessKeyId=old["AccessKeyId"])
            with suppress(iam.exceptions.NoSuchEntityException):
                iam.delete_user_policy(UserName=name, PolicyName=CALL_POLICY)
        arn = f"arn:aws:execute-api:{self._region}:{SELLER_ACCOUNT}:{api_id}"
        resources = [f"{arn}/{route}" for route in routes]
        if resources:
            statement = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": resources}
            policy = {"Version": "2012-10-17", "Statement": [statement]}
            iam.put_user_policy(UserName=name, PolicyName=CALL_POLICY, PolicyDocument=json.dumps(policy))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return LocalSession(self._endpoint, self._region, key["AccessKeyId"], key["SecretAccessKey"])
