"""The part of boto3's DynamoDB resource that the stores use, built on botocore alone.

Names, arguments and answers are those of ``boto3.resource("dynamodb")`` (a contract test compares both), so that the
stores take either of them, or a store in memory. Conditions are plain expressions.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

from botocore.config import Config

from ledger.attribute_values import from_attributes, to_attributes
from runtime import aws

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource

#: DynamoDB checks every request itself; a check here too would take a quarter of a recording's CPU.
CONFIG = Config(parameter_validation=False)
#: Parts of a request, and of an operation of a transaction, that hold values by name.
_VALUES = ("Key", "Item", "ExpressionAttributeValues", "ExclusiveStartKey")

Answer = dict[str, Any]


def connect() -> "DynamoDBServiceResource":
    """The tables of this account and Region. To type checkers it is boto3's resource, of which it is a part."""
    return cast("DynamoDBServiceResource", DynamoDB(aws.client("dynamodb", config=CONFIG)))


class DynamoDB:
    """The resource: it has ``Table(name)``, ``batch_get_item`` and ``meta.client``, all with Python values."""

    def __init__(self, client: Any) -> None:
        """client: botocore's, which takes and gives attribute values."""
        self._client = client
        self.meta = Meta(Client(client))

    def Table(self, name: str) -> "Table":
        """The table with this physical name. Calls nothing."""
        return Table(self._client, name, self.meta)

    def batch_get_item(self, **request: Any) -> Answer:
        """BatchGetItem, as ``Client.batch_get_item``."""
        return self.meta.client.batch_get_item(**request)


class Table:
    """One table: requests go without ``TableName``."""

    def __init__(self, client: Any, name: str, meta: "Meta") -> None:
        self.name = name
        self.meta = meta
        self._client = client

    def get_item(self, **request: Any) -> Answer:
        """GetItem; ``Item`` is absent from the answer where the key holds nothing."""
        return self._call(self._client.get_item, request)

    def put_item(self, **request: Any) -> Answer:
        """PutItem; the answer has ``Attributes`` where ``ReturnValues`` asks for them."""
        return self._call(self._client.put_item, request)

    def update_item(self, **request: Any) -> Answer:
        """UpdateItem; the answer has ``Attributes`` where ``ReturnValues`` asks for them."""
        return self._call(self._client.update_item, request)

    def delete_item(self, **request: Any) -> Answer:
        """DeleteItem; the answer has ``Attributes`` where ``ReturnValues`` asks for them."""
        return self._call(self._client.delete_item, request)

    def query(self, **request: Any) -> Answer:
        """Query; ``KeyConditionExpression`` is an expression, not boto3's ``Key(...)``."""
        return self._call(self._client.query, request)

    def _call(self, operation: Callable[..., Answer], request: Mapping[str, Any]) -> Answer:
        answer = operation(TableName=self.name, **_sent(request))
        for name in ("Item", "Attributes", "LastEvaluatedKey"):
            if name in answer:
                answer[name] = from_attributes(answer[name])
        if "Items" in answer:
            answer["Items"] = [from_attributes(item) for item in answer["Items"]]
        return answer


class Client:
    """The resource's client (``meta.client``): it takes whole requests, with Python values."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def batch_get_item(self, **request: Any) -> Answer:
        """BatchGetItem; ``UnprocessedKeys`` of an answer may be the next request's ``RequestItems``."""
        asked = {
            table: {**wanted, "Keys": [to_attributes(key) for key in wanted["Keys"]]}
            for table, wanted in request["RequestItems"].items()
        }
        answer: Answer = self._client.batch_get_item(**{**request, "RequestItems": asked})
        for table, items in answer.get("Responses", {}).items():
            answer["Responses"][table] = [from_attributes(item) for item in items]
        for left in answer.get("UnprocessedKeys", {}).values():
            left["Keys"] = [from_attributes(key) for key in left["Keys"]]
        return answer

    def transact_write_items(self, **request: Any) -> Answer:
        """TransactWriteItems; the reasons of a failure keep attribute values (see ``ledger.transaction``)."""
        operations = [
            {kind: _sent(operation) for kind, operation in entry.items()} for entry in request["TransactItems"]
        ]
        answer: Answer = self._client.transact_write_items(**{**request, "TransactItems": operations})
        return answer


class Meta:
    """Holds ``client``, as a resource's ``meta`` does."""

    def __init__(self, client: Client) -> None:
        self.client = client


def _sent(request: Mapping[str, Any]) -> dict[str, Any]:
    """A request with attribute values. The given one is not changed: it may be sent again."""
    sent = dict(request)
    for name in _VALUES:
        if name in sent:
            sent[name] = to_attributes(sent[name])
    return sent
