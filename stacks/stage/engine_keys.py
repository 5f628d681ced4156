"""The keys of a stage file for YAWL engines: ``[[engines]]`` and ``[engineNetwork]``."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from marketplace.billing_identity import BILLING_KEY
from runtime import clock
from stacks.stage.company_keys import HOST
from stacks.stage.compound_kinds import Named, Table, Tables, Texts
from stacks.stage.faults import Where
from stacks.stage.kinds import Flag, Key, Kind, OneOf, Schema, Text, Whole, expect
from stacks.stage.product_keys import DIMENSION_NAME
from stacks.stage.settings import EngineNetwork
from yawl.engine import ATTRIBUTED_BY, ENGINE_ID, MODES, AccessLogs, Dimensions, Engine

#: Seconds. A mistyped year would bill nothing, in silence.
FURTHEST = 366 * 24 * 3600
#: Of a service, an account or a specification. SSM and CloudFormation give ``{{`` in a parameter another meaning.
_NAME = r"[^\x00-\x1f\x7f{}]{1,256}"
_MOMENT = "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"
_ADDRESS = r"https?://[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?(:[0-9]{1,5})?(/[A-Za-z0-9._~-]+)*"


@dataclass(frozen=True)
class Moment:
    """A moment in UTC, as text."""

    remedy: str = 'write it as text and in UTC, for example "2027-01-01T00:00:00Z"'
    values: str = "moment in UTC"

    def read(self, value: Any, where: Where) -> float:
        """The moment in epoch seconds. Raises StageError for another type or form and for a far future."""
        expect(str, value, "text", where, self.remedy)
        try:
            moment = clock.from_iso(value if re.fullmatch(_MOMENT, value) else "")
        except ValueError:
            raise where.fault(f"is {value!r}", self.remedy) from None
        if moment > clock.now() + FURTHEST:
            raise where.fault(f"is {value!r}, more than a year ahead", "until then nothing is billed: correct the year")
        return moment

    def schema(self) -> Schema:
        """The schema of such a text; ``read`` alone knows the calendar."""
        return {"type": "string", "pattern": f"^{_MOMENT}$"}


class _EngineTable(Table):
    """An engine, which has one customer, or says how a case's customer is found."""

    def read(self, value: Any, where: Where) -> Engine:
        """The engine. Raises StageError for faults of its keys, and unless exactly one of both keys stands there."""
        if isinstance(value, dict) and ("customer" in value) == ("attribution" in value):
            what = "has customer and attribution" if "customer" in value else "has no customer"
            raise where.fault(what, "give its customer, or attribution for an engine that several share")
        engine: Engine = super().read(value, where)
        return engine


def _engine(*, customer: str | None, attribution: Mapping[str, Any] | None, **values: Any) -> Engine:
    return Engine(**values, **(attribution or {"attributed_by": "engine", "customers": {"": customer}}))


def _values(**values: Any) -> dict[str, Any]:
    return values


def _optional(kind: Kind, about: str) -> Key:
    return Key(kind, about, default=None)


def _dimension(about: str) -> Key:
    return _optional(Text(DIMENSION_NAME, "set it to the name of a dimension, or leave it out", "dimension"), about)


def _address(example: str, values: str, about: str) -> Key:
    return _optional(
        Text(_ADDRESS, f'set it to an address without a slash at its end, for example "{example}"', values), about
    )


_ATTRIBUTION = Table(
    make=_values,
    remedy="write it as a table: by, customers",
    keys={
        "by": Key(
            OneOf(tuple(each for each in ATTRIBUTED_BY if each != "engine")),
            "What says who pays for a case of an engine that several customers share: the service or the client"
            " account that launched it, or its specification. Usage of others waits for a person.",
            field="attributed_by",
        ),
        "customers": Key(
            Named(
                pattern=_NAME,
                name_remedy="use a name of 1 to 256 characters without braces",
                entry=Text(BILLING_KEY.pattern, "set it to a billing key", "billing key"),
                remedy='write it as a table: names, each with a billing key, for example { "shop" = "l-0123456789" }',
            ),
            "The billing key by the name of the service (in `push-only`: its URI), of the account, or by the"
            " specification's identifier or URI.",
        ),
    },
)

_DIMENSIONS = Table(
    make=Dimensions,
    remedy="write it as a table: executions, worklets, users, calls, gigabytes, each with a dimension of the product",
    keys={
        "executions": _dimension("The dimension of started cases. What is left out is not reported."),
        "worklets": _dimension("The dimension of cases that the worklet service launched."),
        "users": _dimension("The dimension of participants who were active in the month; `distinct`."),
        "calls": _dimension("The dimension of requests that the access logs show."),
        "gigabytes": _dimension("The dimension of bytes that the access logs show, in units of 10⁹."),
    },
)

_ACCESS_LOGS = Table(
    make=AccessLogs,
    remedy="write it as a table: bucket, and where needed prefix and hosts",
    keys={
        "bucket": Key(
            # S3 User Guide, "General purpose bucket naming rules".
            Text(r"(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "set it to the name of a bucket", "bucket"),
            "Where the load balancer writes its access logs: a bucket of this account and Region that sends its events"
            " to EventBridge.",
        ),
        "prefix": Key(
            # The load balancer adds AWSLogs/… itself, and refuses a prefix that holds it.
            Text(
                r"((?!.*AWSLogs)[A-Za-z0-9_.-]{1,100}(/[A-Za-z0-9_.-]{1,100}){0,5})?",
                "set it to the load balancer's prefix, without a slash at its end and without AWSLogs, or leave it out",
                "text",
            ),
            "The prefix that the load balancer has.",
            default="",
        ),
        "hosts": Key(
            Texts(
                pattern=rf"{HOST}(:[0-9]{{1,5}})?",
                remedy='list host names, for example ["yawl.your-company.com"], or leave it out',
                values="list of host names",
                at_most=20,
            ),
            "The names under which callers reach this engine, with a port where it matters; left out, all requests of"
            " these logs are its own.",
            default=(),
        ),
    },
)

_ENGINE = _EngineTable(
    make=_engine,
    remedy="add [[engines]] tables: id, since, customer or attribution, dimensions, and how its log is reached",
    keys={
        "id": Key(
            Text(ENGINE_ID.pattern, "use at most 32 of a-z, 0-9 and -", "at most 32 of a-z, 0-9, `-`"),
            "The engine's name in the ids of its usage. Never change it: under another id all of its cases are new.",
        ),
        "since": Key(Moment(), "From when on its cases are billed; earlier starts are not."),
        "epoch": Key(
            Whole(1, 999_999),
            "The number of the engine's database. Raise it when the database was made anew, so that its case numbers"
            " began again.",
            default=1,
        ),
        "mode": Key(
            OneOf(MODES),
            "`log`: its log bills, announcements make it prompt. `log-only`: no announcements come. `push-only`: its"
            " log cannot be reached, and announcements bill, which may lose or add a case ([yawl.md](yawl.md)).",
            default="log",
        ),
        "customer": _optional(
            Text(BILLING_KEY.pattern, "set it to a billing key", "billing key"),
            "The customer whose engine it is. Or `attribution`.",
        ),
        "attribution": _optional(_ATTRIBUTION, "How a case's customer is found. Or `customer`."),
        "dimensions": Key(_DIMENSIONS, "What the engine reports, and under which dimension of the product."),
        "address": _address(
            "https://engine.internal:8443/yawl",
            "address",
            "The engine's web application. `http://` only with `[engineNetwork]`, since the password travels.",
        ),
        "resourceAddress": _address(
            "https://engine.internal:8443/resourceService",
            "address",
            "The resource service's web application, whose log names the active users.",
        ),
        "user": _optional(
            Text(_NAME, "set it to the name of a client account of the engine", "text"),
            "The client account that reads the logs: one of its own, not `admin`.",
        ),
        "secretName": _optional(
            # Secrets Manager API reference, CreateSecret.
            Text(r"[A-Za-z0-9/_+=.@-]{1,256}", "set it to the name of a secret, not its ARN", "name of a secret"),
            "The secret in Secrets Manager (of this account and Region) that holds the account's password.",
        ),
        "secretHashes": Key(
            Texts(
                pattern="[0-9a-f]{64}",
                remedy="list one or two SHA-256 hashes of 64 hex digits, as make engine-secret prints them",
                values="list of 1 or 2 hashes",
                at_most=2,
            ),
            "SHA-256 of the secrets in the address that it announces to; two while you change it"
            " (`make engine-secret`).",
            default=(),
        ),
        "workletService": Key(
            Text(_NAME, "set it to the name under which the worklet service is registered", "text"),
            "The worklet service's name in the engine.",
            default="workletService",
        ),
        "workletsAreExecutions": Key(
            Flag(), "Whether a worklet's case counts as an execution as well. Default: `false`.", default=False
        ),
        "pollMinutes": Key(
            Whole(1, 30),
            "Minutes between two readings of its log. A cancelled buyer's usage is taken for 45 minutes.",
            default=5,
        ),
        "silenceMinutes": Key(
            Whole(10, 10_080),
            "After so many minutes without a good reading (`push-only`: without an announcement) people are called.",
            default=60,
        ),
        "audit": Key(
            Flag(), "Whether its statistics are compared with our count once a day. Default: `true`.", default=True
        ),
        "accessLogs": _optional(_ACCESS_LOGS, "A load balancer's access logs, for `calls` and `gigabytes`."),
    },
)

_NETWORK = Table(
    make=EngineNetwork,
    remedy="write it as a table: subnetIds, securityGroupIds",
    keys={
        "subnetIds": Key(
            Texts(
                pattern="subnet-[0-9a-f]{8,17}",
                remedy='list 1 to 16 subnets of one VPC, for example ["subnet-0123456789abcdef0"]',
                values="list of `subnet-…`",
                at_least=1,
                at_most=16,
            ),
            "The subnets from which `reconcile-engine` reads logs. They need a way to DynamoDB, SQS, SSM and Secrets"
            " Manager: endpoints, or a NAT gateway.",
        ),
        "securityGroupIds": Key(
            Texts(
                pattern="sg-[0-9a-f]{8,17}",
                remedy='list 1 to 5 security groups of that VPC, for example ["sg-0123456789abcdef0"]',
                values="list of `sg-…`",
                at_least=1,
                at_most=5,
            ),
            "The function's security groups: out to the engines and to these services, in nothing.",
        ),
    },
)

ENGINE_KEYS = {
    "engineNetwork": _optional(_NETWORK, "The VPC from which engines are reached that have no public address."),
    "engines": Key(Tables(entry=_ENGINE), "The YAWL engines whose usage is read ([yawl.md](yawl.md)).", default=()),
}
