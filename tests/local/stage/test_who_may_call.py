"""Who may call the running API, IAM enforced: everybody else is stopped at the gateway, and nothing is stored."""

import json

import pytest

from local.cloud import Answer, LocalSession
from local.replay.buyers import Buyer
from tests.local.stage.acting import Acting

pytestmark = [pytest.mark.local, pytest.mark.timeout(60)]

JSON = {"Content-Type": "application/json"}


def refused_by_the_gateway(answer: Answer, status: int = 403) -> None:
    """Before any function of ours."""
    assert answer.status == status, answer
    assert answer.json.get("message") or answer.json.get("__type"), answer
    assert "verdicts" not in answer.text


@pytest.fixture(scope="module")
def powerless(_acting: Acting) -> LocalSession:
    return _acting.stage.cloud.accounts.api_caller("nobody", _acting.doors["RestApiId"])


PROTECTED = [("POST", "/usage"), ("GET", ""), ("GET", "/entitlements"), ("GET", "/usage")]


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize(("method", "path"), PROTECTED, ids=["report", "subscriber", "entitlements", "usage"])
def test_a_caller_without_rights_is_stopped_at_the_gateway(
    acting: Acting, buyer: Buyer, powerless: LocalSession, method: str, path: str
) -> None:
    if method == "GET":
        path = f"/subscribers/{buyer.customer_identifier}{path}"
    body = json.dumps({"events": [acting.event(buyer)]}) if method == "POST" else None
    sender = acting.stage.usage_sender.get_credentials()
    assert sender is not None and sender.access_key and sender.secret_key
    wrong_secret = LocalSession(acting.stage.cloud.endpoint, "us-east-1", sender.access_key, "not-the-secret")
    unknown_key = LocalSession(acting.stage.cloud.endpoint, "us-east-1", "AKIAUNKNOWNUNKNOWN12", "whatever")
    stranger = acting.stage.cloud.accounts.root("999988887777")
    headers = JSON if body else {}
    for caller in (None, powerless, wrong_secret, unknown_key):
        refused_by_the_gateway(acting.stage.api.call(method, path, body, headers=headers, caller=caller))
    # another account does not even see that there is such an API
    foreign = acting.stage.api.call(method, path, body, headers=headers, caller=stranger)
    refused_by_the_gateway(foreign, 404)
    # and the one who may passes the gateway
    allowed = acting.stage.api.call(
        method, path, b"[]" if body else None, headers=headers, caller=acting.stage.usage_sender
    )
    assert allowed.status == (400 if body else 200), allowed


@pytest.mark.usefixtures("nothing_stored")
def test_a_body_changed_after_signing_is_stopped_at_the_gateway(acting: Acting, buyer: Buyer) -> None:
    signed_for = json.dumps({"events": [acting.event(buyer, quantity=1)]})
    headers = acting.signed("POST", "/usage", signed_for.encode(), acting.stage.usage_sender)
    tampered = signed_for.replace('"quantity": 1', '"quantity": 9')
    assert tampered != signed_for
    refused_by_the_gateway(acting.stage.api.call("POST", "/usage", tampered, headers=headers))


def session_secret(acting: Acting) -> str:
    return str(acting.doors["SessionSecretArn"])


@pytest.mark.usefixtures("nothing_stored")
def test_the_usage_senders_rights_end_at_the_api(acting: Acting) -> None:
    mine = acting.stage.usage_sender
    for attempt in (
        lambda: mine.client("dynamodb").scan(TableName="yawl-subscribers-local"),
        lambda: mine.client("stepfunctions").start_execution(stateMachineArn=acting.stage.started_arn),
        lambda: mine.client("secretsmanager").get_secret_value(SecretId=session_secret(acting)),
        lambda: mine.client("sqs").send_message(QueueUrl=acting.doors["SubscriptionQueueUrl"], MessageBody="{}"),
    ):
        with pytest.raises(Exception, match=r"AccessDenied|not authorized"):
            attempt()


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize("signed", [True, False], ids=["signed", "unsigned"])
@pytest.mark.parametrize(("method", "path"), [("GET", "/nowhere"), ("DELETE", "/usage"), ("PUT", "/register")])
def test_unknown_addresses_and_methods_are_refused(acting: Acting, method: str, path: str, signed: bool) -> None:
    caller = acting.stage.usage_sender if signed else None
    refused_by_the_gateway(acting.stage.api.call(method, path, caller=caller))
