"""Contradictions of a stage's engines: what would bill a case twice, or never, or could not be deployed. Pure."""

from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from stacks.stage.faults import Fault
from stacks.stage.settings import Stage
from yawl.engine import Engine

#: CloudFormation takes 500 resources a stack, and each engine has two; the rest is for the functions.
MOST_ENGINES = 150
#: Of a standard parameter (Systems Manager, PutParameter: ``Value``).
MOST_OF_A_PARAMETER = 4096
#: Of the 10,240 characters of all policies in a role (IAM quotas) this much is for the secrets' ARNs.
MOST_OF_A_POLICY = 7_000
DEFAULT_PORTS = {"http": ":80", "https": ":443"}


def engine_faults(stage: Stage) -> Iterator[Fault]:
    """The contradictions of ``[[engines]]`` and ``[engineNetwork]``, the gravest first."""
    for number, engine in enumerate(stage.engines):
        at = f"engines[{number}]"
        before = stage.engines[:number]
        yield from _twice(at, engine, before)
        yield from _mode(at, engine)
        yield from _addresses(at, engine, stage)
        yield from _dimensions(at, engine, stage)
        yield from _access_logs(at, engine, before)
        if engine.silence_minutes < 2 * engine.poll_minutes:
            what = f"is {engine.silence_minutes} and pollMinutes is {engine.poll_minutes}"
            yield Fault(f"{at}.silenceMinutes", what, "set it to at least two readings, or one slow reading calls")
        size = len(engine.to_json().encode())
        if size > MOST_OF_A_PARAMETER:
            what = f"takes {size} of the {MOST_OF_A_PARAMETER} bytes of its parameter"
            yield Fault(at, what, "name fewer customers in attribution, or fewer hosts")
    yield from _limits(stage)


def _twice(at: str, engine: Engine, before: Sequence[Engine]) -> Iterator[Fault]:
    if engine.id in {other.id for other in before}:
        yield Fault(f"{at}.id", f"is {engine.id!r} twice", "give each engine an id of its own")
    for key, address, others in (
        ("address", engine.address, [other.address for other in before]),
        ("resourceAddress", engine.resource_address, [other.resource_address for other in before]),
    ):
        if address and _origin(address) in {_origin(other) for other in others if other}:
            what = f"is {address!r} twice"
            yield Fault(f"{at}.{key}", what, "write one [[engines]] table for it: each would bill its cases")


def _mode(at: str, engine: Engine) -> Iterator[Fault]:
    reading = {
        "address": engine.address,
        "user": engine.user,
        "secretName": engine.secret_name,
        "resourceAddress": engine.resource_address,
    }
    if engine.mode == "push-only":
        for key, value in reading.items():
            if value:
                yield Fault(f"{at}.{key}", 'is given, and mode = "push-only" reads no log', "remove it, or set mode")
    else:
        for key in ("address", "user", "secretName"):
            if not reading[key]:
                what = f'is missing, and mode = "{engine.mode}" reads the engine\'s log'
                yield Fault(f"{at}.{key}", what, 'add it, or set mode = "push-only"')
    if engine.mode == "push-only" and engine.attributed_by == "client-account":
        remedy = "use launching-service or specification"
        yield Fault(f"{at}.attribution.by", 'is "client-account", which announcements do not name', remedy)
    if engine.mode == "log-only" and engine.secret_hashes:
        yield Fault(f"{at}.secretHashes", 'are given, and mode = "log-only" takes no announcements', 'set mode = "log"')
    elif engine.mode != "log-only" and not engine.secret_hashes:
        remedy = 'add what make engine-secret prints, or set mode = "log-only"'
        yield Fault(f"{at}.secretHashes", f'are missing, and mode = "{engine.mode}" takes announcements', remedy)


def _addresses(at: str, engine: Engine, stage: Stage) -> Iterator[Fault]:
    if stage.engine_network or stage.movable_clock:
        return
    for key, address in (("address", engine.address), ("resourceAddress", engine.resource_address)):
        if address and address.startswith("http:"):
            remedy = "use https://, or reach the engine from your VPC with [engineNetwork]"
            yield Fault(f"{at}.{key}", f"is {address!r}, and a password would travel openly", remedy)


def _dimensions(at: str, engine: Engine, stage: Stage) -> Iterator[Fault]:
    named = {key: value for key, value in vars(engine.dimensions).items() if value}
    if not named:
        yield Fault(f"{at}.dimensions", "is empty", "name what the engine reports, for example executions")
    for key, name in named.items():
        wanted = "distinct" if key == "users" else "sum"
        fitting = list(dict.fromkeys(each.name for each in stage.dimensions.values() if each.aggregation == wanted))
        remedy = f"name any of {', '.join(fitting)}" if fitting else f"declare a dimension with {wanted}"
        if name not in stage.sold:
            yield Fault(f"{at}.dimensions.{key}", f"is {name!r}, no dimension of this stage", remedy)
        elif name not in fitting:
            what = f"is {name!r}, whose aggregation is {stage.sold[name].aggregation!r}"
            yield Fault(f"{at}.dimensions.{key}", what, remedy)
        if list(named.values()).count(name) > 1:
            remedy = "give each its own; workletsAreExecutions counts worklets as executions"
            yield Fault(f"{at}.dimensions.{key}", f"is {name!r} twice", remedy)
    shared = [key for key in ("users", "calls", "gigabytes") if key in named]
    if engine.attributed_by != "engine" and shared:
        what = f"is given, and attribution.by is {engine.attributed_by!r}"
        remedy = "leave it out: only an engine with one customer tells whose these are"
        yield Fault(f"{at}.dimensions.{shared[0]}", what, remedy)
    if bool(engine.dimensions.users) != bool(engine.resource_address):
        if engine.dimensions.users:
            remedy = "add the resource service's address, whose log names the users"
            yield Fault(f"{at}.resourceAddress", "is missing, and dimensions.users is given", remedy)
        elif engine.mode != "push-only":
            yield Fault(f"{at}.resourceAddress", "is given without dimensions.users", "add the dimension or remove it")


def _access_logs(at: str, engine: Engine, before: Sequence[Engine]) -> Iterator[Fault]:
    logs = engine.access_logs
    wanted = engine.dimensions.calls or engine.dimensions.gigabytes
    if wanted and not logs:
        what = "is missing, and dimensions has calls or gigabytes"
        yield Fault(f"{at}.accessLogs", what, "name the load balancer's bucket")
    if not logs:
        return
    if not wanted:
        what = "is given, and dimensions has neither calls nor gigabytes"
        yield Fault(f"{at}.accessLogs", what, "add one of them, or remove it")
    for other in before:
        theirs = other.access_logs
        if theirs is None or (theirs.bucket, theirs.prefix) != (logs.bucket, logs.prefix):
            continue
        if not (logs.hosts and theirs.hosts):
            what = f"is read for {other.id!r}, too, and not both have hosts"
            yield Fault(f"{at}.accessLogs", what, "give each its hosts, or its load balancer a prefix of its own")
        for host in sorted({*logs.hosts} & {*theirs.hosts}):
            what = f"holds {host!r}, which is {other.id!r}'s in the same logs"
            yield Fault(f"{at}.accessLogs.hosts", what, "name each host once")


def _limits(stage: Stage) -> Iterator[Fault]:
    if stage.engine_network and not stage.engines:
        yield Fault("engineNetwork", "is given without engines", "add [[engines]] or remove it")
    if len(stage.engines) > MOST_ENGINES:
        remedy = "put the others into a stage of their own"
        yield Fault("engines", f"are {len(stage.engines)}, and a stack has room for {MOST_ENGINES}", remedy)
    secrets = {engine.secret_name for engine in stage.engines if engine.secret_name}
    places = {(logs.bucket, logs.prefix) for logs in (engine.access_logs for engine in stage.engines) if logs}
    for key, what, arns in (
        (
            "secretName",
            "secrets",
            [f"arn:aws:secretsmanager:{stage.region}:{'0' * 12}:secret:{s}-......" for s in secrets],
        ),
        ("accessLogs", "prefixes", [f"arn:aws:s3:::{bucket}/{prefix}/AWSLogs/*" for bucket, prefix in places]),
    ):
        # Each stands in quotes, with a comma.
        size = sum(len(arn) + 3 for arn in arns)
        if size > MOST_OF_A_POLICY:
            yield Fault(
                "engines",
                f"name {len(arns)} {what} ({key}), which take {size} of the {MOST_OF_A_POLICY} characters that a role"
                " has for them",
                "use shorter names, or one for several engines",
            )


def _origin(address: str) -> tuple[str, str]:
    """Host and path of the address, without the spellings that do not matter."""
    parts = urlsplit(address)
    return parts.netloc.lower().removesuffix(DEFAULT_PORTS[parts.scheme]), parts.path
