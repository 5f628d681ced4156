"""What a function may do with tables, as data: ``gets=(subscribers,), updates=(subscribers, state)``."""

from collections.abc import Iterator, Sequence
from typing import Protocol, TypedDict, cast


class Stored(Protocol):
    """A table, or an index of one."""

    @property
    def arn(self) -> str:
        """The ARN that rights name."""


class Access(TypedDict, total=False):
    """What a function may do with tables.

    gets, batch_gets, queries: a function has those of them that it uses (docs/rights.md). checks: a transaction depends
    on an item there; it needs the actions of its parts (DynamoDB Developer Guide, "Using IAM with DynamoDB
    transactions").

    deletes: for the outbox of the engines' table alone. No function may scan, and no other may delete: items end by
    TTL, or stay.
    """

    gets: Sequence[Stored]
    batch_gets: Sequence[Stored]
    queries: Sequence[Stored]
    puts: Sequence[Stored]
    updates: Sequence[Stored]
    checks: Sequence[Stored]
    deletes: Sequence[Stored]


ACTIONS = {
    "gets": ("dynamodb:GetItem",),
    "batch_gets": ("dynamodb:BatchGetItem",),
    "queries": ("dynamodb:Query",),
    "puts": ("dynamodb:PutItem",),
    "updates": ("dynamodb:UpdateItem",),
    "checks": ("dynamodb:ConditionCheckItem",),
    "deletes": ("dynamodb:DeleteItem",),
}


def allowed(access: Access) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """IAM actions, each with the ARNs on which they are allowed."""
    for verb, stored in access.items():
        yield ACTIONS[verb], [each.arn for each in cast("Sequence[Stored]", stored)]
