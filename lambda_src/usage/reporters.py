"""Which sender may report which usage, as the stage file declares it (``[[reporters]]``).

IAM lets a sender in; these entries say what it may send. A stage without reporters takes everything from every sender
that IAM lets in. With reporters, each reports what one of its entries allows, and other senders report nothing.

Sources: API Gateway developer guide, ``$context.identity.userArn``; IAM user guide, "IAM identifiers" (an assumed role
has the ARN ``arn:aws:sts::<account>:assumed-role/<role name>/<session>``, without the role's path; names of roles, and
of users, are unique in an account whatever their path); SQS API reference, ``SenderId`` (``AIDA…`` of a user,
``AROA…:<session>`` of a role).
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple, Self
from unicodedata import normalize

from usage.judge_event import Judgement

NOT_YOURS = Judgement("refused", "not_yours", "the stage does not let this sender report such usage")

#: Stands for the sender of the YAWL connector's usage, which may report everything; SQS gives no sender this id.
OWN_CONNECTOR = "own-connector"

_LISTS = ("customers", "dimensions", "sources")


@dataclass(frozen=True, kw_only=True)
class Reporter:
    """One entry. A list that is None allows all.

    principal: ARN of an IAM role or user. sender_id: its unique id (``AROA…``, ``AIDA…``), by which the queue knows it;
    None: it may not send to the queue.
    """

    principal: str
    sender_id: str | None = None
    customers: tuple[str, ...] | None = None
    dimensions: tuple[str, ...] | None = None
    sources: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Rights:
    """What one sender may report. entries: the sender's; None: everything is allowed."""

    entries: tuple[Reporter, ...] | None

    @property
    def is_unknown(self) -> bool:
        """Whether the stage has reporters and the sender is none of them."""
        return self.entries == ()

    def may_report(self, customer: str, *, source: str, dimension: str | None = None) -> bool:
        """Whether the sender may report usage of that customer, source and dimension (None: of some dimension)."""
        return self.entries is None or any(
            _allows(entry.customers, customer)
            and _allows(entry.sources, source)
            and (dimension is None or _allows(entry.dimensions, dimension))
            for entry in self.entries
        )

    def may_read(self, customer: str) -> bool:
        """Whether the caller may read the customer's usage: a reporter if it reports the customer; for other callers
        (operators) IAM alone decides."""
        return not self.entries or any(_allows(entry.customers, customer) for entry in self.entries)


EVERYTHING = Rights(None)


@dataclass(frozen=True)
class Reporters:
    """The entries of a stage."""

    entries: tuple[Reporter, ...] = ()

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The reporters of the setting ``REPORTERS``."""
        return cls(from_json(text))

    def of_caller(self, user_arn: str | None) -> Rights:
        """The rights of a caller of the API. user_arn: API Gateway's ``$context.identity.userArn``."""
        name = _principal(user_arn or "")
        return self._of(entry for entry in self.entries if name is not None and _principal(entry.principal) == name)

    def of_sender(self, sender_id: str | None) -> Rights:
        """The rights of a message's sender. sender_id: SQS's ``SenderId``, or OWN_CONNECTOR."""
        if sender_id == OWN_CONNECTOR:
            return EVERYTHING
        unique = (sender_id or "").partition(":")[0]
        return self._of(entry for entry in self.entries if unique and entry.sender_id == unique)

    def _of(self, entries: Iterable[Reporter]) -> Rights:
        return Rights(tuple(entries)) if self.entries else EVERYTHING


def to_json(reporters: Sequence[Reporter]) -> str:
    """The reporters as an environment variable; ``[]``: every sender that IAM lets in may report everything."""
    rows = [{name: value for name, value in asdict(entry).items() if value is not None} for entry in reporters]
    return json.dumps(rows, separators=(",", ":"))


def from_json(text: str) -> tuple[Reporter, ...]:
    """The inverse of ``to_json``."""
    return tuple(map(_reporter, json.loads(text)))


class _Principal(NamedTuple):
    partition: str
    account: str
    kind: str
    name: str


def _principal(arn: str) -> _Principal | None:
    """The role or user of an ARN, whatever its path or session; None for another ARN."""
    parts = arn.split(":")
    if len(parts) != 6 or parts[0] != "arn":
        return None
    _, partition, service, _, account, resource = parts
    kind, *names = resource.split("/")
    if service == "sts" and kind == "assumed-role" and len(names) == 2:
        return _Principal(partition, account, "role", names[0])
    if service == "iam" and kind in ("role", "user") and names:
        return _Principal(partition, account, kind, names[-1])
    return None


def _allows(allowed: tuple[str, ...] | None, value: str) -> bool:
    return allowed is None or value in allowed


def _reporter(row: dict[str, Any]) -> Reporter:
    """An entry, with its texts composed as those of events are (``usage.usage_event``)."""
    lists = {name: tuple(normalize("NFC", each) for each in row[name]) for name in _LISTS if name in row}
    return Reporter(principal=row["principal"], sender_id=row.get("sender_id"), **lists)
