"""An engine as the stage file declares it (``[[engines]]``) and as every function reads it.

YAWL has no tenants: every session of an engine sees all of its cases (interface B and E). So one engine with a database
of its own per customer is the ordinary case, and the other ways to find the customer are named strategies.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, Self, get_args

#: ``log``: the log bills, announcements are hints. ``log-only``: no announcements are expected. ``push-only``: the log
#: cannot be read, announcements bill.
Mode = Literal["log", "log-only", "push-only"]
#: What says who pays for a case: the engine itself, the service or client account that launched it, its specification.
AttributedBy = Literal["engine", "launching-service", "client-account", "specification"]

#: What an engine may be called: its id stands in event ids, in an address and in a parameter's name.
ENGINE_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
#: Stands for the database's epoch where it does not matter which database it was: an object of an access log must not
#: be billed again in the next epoch.
NO_DATABASE = 0
MODES = get_args(Mode)
ATTRIBUTED_BY = get_args(AttributedBy)


@dataclass(frozen=True, kw_only=True)
class Dimensions:
    """The product's dimension for each thing that an engine counts; None: this engine does not report it."""

    executions: str | None = None
    worklets: str | None = None
    users: str | None = None
    calls: str | None = None
    gigabytes: str | None = None


@dataclass(frozen=True, kw_only=True)
class AccessLogs:
    """Where a load balancer in front of the engine writes its access logs.

    bucket: its name. prefix: of the objects' keys, without a slash at its end. hosts: names under which callers reach
    this engine; empty: all requests of these logs are the engine's.
    """

    bucket: str
    prefix: str = ""
    hosts: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Engine:
    """One engine.

    id: its name in event ids. epoch: number of its database, raised when the database was made anew and its case
    numbers began again. since: epoch seconds; cases that started earlier are not billed. attributed_by, customers:
    billing keys by the name that the strategy looks at; by ``engine`` the only name is the empty one.
    address: of the engine's web application, for example ``https://engine.internal:8443/yawl``; None for ``push-only``.
    resource_address: of the resource service's; None: its users are not counted. user, secret_name: the client account
    for the logs, and the secret (Secrets Manager) that holds its password. secret_hashes: SHA-256, as 64 hex digits, of
    the secrets with which it may announce, at most two. worklet_service: the name under which the worklet service is
    registered. poll_minutes: between two readings of its log. silence_minutes: without a good reading (``push-only``:
    without an announcement), after which people are called. audit: whether its statistics are compared once a day.
    """

    id: str
    since: float
    epoch: int = 1
    mode: Mode = "log"
    attributed_by: AttributedBy = "engine"
    customers: Mapping[str, str]
    dimensions: Dimensions
    address: str | None = None
    resource_address: str | None = None
    user: str | None = None
    secret_name: str | None = None
    secret_hashes: tuple[str, ...] = ()
    worklet_service: str = "workletService"
    worklets_are_executions: bool = False
    poll_minutes: int = 5
    silence_minutes: int = 60
    audit: bool = True
    access_logs: AccessLogs | None = None

    @property
    def database(self) -> str:
        """The engine's database, ``<id>#<epoch>``: within it a case is named by its id and its repetition."""
        return f"{self.id}#{self.epoch}"

    @property
    def source(self) -> str:
        """The ``source`` of its usage events."""
        return f"yawl:{self.id}"

    def to_json(self) -> str:
        """The engine as text, for a parameter."""
        return json.dumps(asdict(self), separators=(",", ":"), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The inverse of ``to_json``. Fields of a later version are left out.

        Raises ValueError, KeyError or TypeError for another text.
        """
        names = {field.name for field in fields(cls)}
        values: dict[str, Any] = {name: value for name, value in json.loads(text).items() if name in names}
        logs = values.pop("access_logs")
        return cls(
            **{
                **values,
                "secret_hashes": tuple(values["secret_hashes"]),
                "dimensions": Dimensions(**values["dimensions"]),
            },
            access_logs=AccessLogs(**{**logs, "hosts": tuple(logs["hosts"])}) if logs else None,
        )
