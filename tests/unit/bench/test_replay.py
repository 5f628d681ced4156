"""Requests are noted as they were made, and made again for others."""

from typing import Any

from botocore.session import get_session

from bench.replay import calls, noted, rewritten


def test_texts_are_rewritten_wherever_they_stand() -> None:
    request = {"Key": {"c": {"S": "l-1"}}, "L": [{"S": "mark#l-1#x"}, {"N": "1"}], "B": True}
    assert rewritten(request, {"l-1": "l-2"}) == {
        "Key": {"c": {"S": "l-2"}},
        "L": [{"S": "mark#l-2#x"}, {"N": "1"}],
        "B": True,
    }


def test_a_longer_name_is_taken_before_the_one_that_it_holds() -> None:
    names = {"arn:1:l-1": "arn:2:l-2", "l-1": "l-2"}
    assert rewritten(["arn:1:l-1", "l-1"], names) == ["arn:2:l-2", "l-2"]


def test_a_clients_requests_are_noted_while_asked_for() -> None:
    client: Any = get_session().create_client(
        "dynamodb", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x", endpoint_url="http://127.0.0.1:9"
    )
    client.meta.events.register("before-call.*.*", lambda **_: (_Answered(), {"Item": {}}))
    with noted(client) as requests:
        client.get_item(TableName="t", Key={"c": {"S": "1"}})
    client.get_item(TableName="t", Key={"c": {"S": "2"}})
    assert requests == [("GetItem", {"TableName": "t", "Key": {"c": {"S": "1"}}})]
    (again,) = calls(requests, {"dynamodb": client})
    answer: Any = again()
    assert answer == {"Item": {}}


class _Answered:
    status_code = 200
