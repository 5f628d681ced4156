"""Functions run as on Lambda: their own interpreter and environment, their real exceptions, warm, behind IAM."""

import json
import re
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.cloud import LocalCloud, WorkflowFailed

pytestmark = pytest.mark.local


def _invoke(cloud: LocalCloud, event: dict[str, object]) -> tuple[str | None, dict[str, Any]]:
    """(FunctionError, payload)"""
    answer = cloud.seller.client("lambda").invoke(FunctionName="probe", Payload=json.dumps(event))
    return answer.get("FunctionError"), json.load(answer["Payload"])


def test_a_function_sees_nothing_of_the_emulator(cloud: LocalCloud, probe: dict[str, str]) -> None:
    error, seen = _invoke(cloud, {})
    assert error is None
    assert "/.venv-lambda/" in seen["executable"]
    assert seen["modules"] == []
    environment = seen["environment"]
    assert (environment["OF_THE_FUNCTION"], environment["GIVEN_TO_ALL"]) == ("yes", "1")
    assert environment["AWS_ENDPOINT_URL_MARKETPLACE_METERING"] == "http://127.0.0.1:9"
    assert environment["AWS_ENDPOINT_URL_MARKETPLACE_ENTITLEMENT_SERVICE"] == "http://127.0.0.1:9"
    assert environment["AWS_ENDPOINT_URL"] == cloud.endpoint
    assert environment["AWS_REGION"] == "us-east-1"
    strange = {
        name
        for name in environment
        if not re.match(r"_?AWS_|_?LAMBDA_|_X_AMZN|_MINISTACK_INVOKE_DEPTH$", name)
        and name not in {"PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "OF_THE_FUNCTION", "GIVEN_TO_ALL"}
    }
    assert strange == set()


def test_another_python_than_asked_for_is_noticed(cloud: LocalCloud, probe: dict[str, str]) -> None:
    _invoke(cloud, {})
    assert "NOTICE functions ask for python3.13; here they run on Python 3.1" in cloud.log(200)


def test_a_failure_has_its_class_its_message_and_its_trace(cloud: LocalCloud, probe: dict[str, str]) -> None:
    error, payload = _invoke(cloud, {"raise": "MarketplaceBusy"})
    assert error == "Unhandled"
    assert (payload["errorType"], payload["errorMessage"]) == ("MarketplaceBusy", "slow down")
    assert "in handle" in payload["stackTrace"][-1]
    assert "MarketplaceBusy: slow down" in cloud.function_log("probe")


def test_a_failure_leaves_the_function_warm(cloud: LocalCloud, probe: dict[str, str]) -> None:
    before = _invoke(cloud, {})[1]["pid"]
    _invoke(cloud, {"raise": "ProductFault"})
    assert _invoke(cloud, {})[1]["pid"] == before


def test_retry_and_catch_go_by_the_class(cloud: LocalCloud, probe: dict[str, str]) -> None:
    caught = cloud.run_workflow(probe["WorkflowArn"], {"raise": "ProductFault"})
    assert caught["fault"]["Error"] == "ProductFault"
    answer = cloud.run_workflow(probe["WorkflowArn"], {"raise": "busy twice"})
    assert answer["calls"] % 3 == 0


def test_a_failed_workflow_tells_error_and_cause(cloud: LocalCloud, probe: dict[str, str]) -> None:
    with pytest.raises(WorkflowFailed) as failure:
        cloud.run_workflow(probe["WorkflowArn"], {"raise": "MarketplaceBusy"})
    assert failure.value.error == "MarketplaceBusy"
    assert "slow down" in failure.value.cause


def test_a_throttled_task_has_the_name_that_its_retry_goes_by(cloud: LocalCloud, probe: dict[str, str]) -> None:
    functions = cloud.seller.client("lambda")
    functions.put_function_concurrency(FunctionName="probe", ReservedConcurrentExecutions=0)
    try:
        with pytest.raises(WorkflowFailed) as failure:
            cloud.run_workflow(probe["WorkflowArn"], {})
    finally:
        functions.delete_function_concurrency(FunctionName="probe")
    assert failure.value.error == "Lambda.TooManyRequestsException"


def test_the_public_route_needs_no_signature(cloud: LocalCloud, probe: dict[str, str]) -> None:
    answer = cloud.rest_api(probe["ApiId"], "local").call("GET", "/health")
    assert answer.status == 200
    assert answer.json["path"] == "/health"


def test_the_iam_route_is_for_who_is_allowed(cloud: LocalCloud, probe: dict[str, str]) -> None:
    api = cloud.rest_api(probe["ApiId"], "local")
    sender = cloud.accounts.api_caller("usage-sender", probe["ApiId"], ["local/POST/usage"])
    nobody = cloud.accounts.api_caller("nobody", probe["ApiId"])
    elsewhere = cloud.accounts.api_caller("elsewhere", probe["ApiId"], ["local/GET/usage"])
    assert api.call("POST", "/usage", {"events": []}).status == 403
    assert api.call("POST", "/usage", {"events": []}, caller=nobody).status == 403
    assert api.call("POST", "/usage", {"events": []}, caller=elsewhere).status == 403
    answer = api.call("POST", "/usage", {"events": []}, caller=sender)
    assert answer.status == 200
    assert json.loads(answer.json["body"]) == {"events": []}
    assert answer.json["user"] == "arn:aws:iam::111122223333:user/usage-sender"
    with pytest.raises(ClientError, match="AccessDenied"):
        sender.client("dynamodb").list_tables()


def test_a_new_key_voids_the_former_one_and_its_routes(cloud: LocalCloud, probe: dict[str, str]) -> None:
    api = cloud.rest_api(probe["ApiId"], "local")
    for _ in range(3):  # IAM allows two keys a user
        before = cloud.accounts.api_caller("renewed", probe["ApiId"], ["local/POST/usage"])
    assert api.call("POST", "/usage", {}, caller=before).status == 200
    after = cloud.accounts.api_caller("renewed", probe["ApiId"])
    assert api.call("POST", "/usage", {}, caller=before).status == 403
    assert api.call("POST", "/usage", {}, caller=after).status == 403
