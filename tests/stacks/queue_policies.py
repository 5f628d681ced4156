"""What a queue's policy says."""

from typing import Any

from tests.synthesized import Assembly


def statements(assembly: Assembly, queue: str) -> list[dict[str, Any]]:
    return [
        statement
        for policy in assembly.properties("AWS::SQS::QueuePolicy")
        if policy["Queues"] == [{"Ref": queue}]
        for statement in policy["PolicyDocument"]["Statement"]
    ]
