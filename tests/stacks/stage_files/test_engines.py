"""A stage's YAWL engines are read as they are meant, and refused in one line where they would cost money."""

from pathlib import Path

import pytest

from runtime.clock import from_iso
from stacks.stage import EngineNetwork, StageError
from tests.stacks.stage_files.files import GOOD, load
from yawl.engine import AccessLogs, Dimensions, Engine

#: A product that has what an engine may report.
SOLD = """
[dimensions.executions]
unit = "execution"
aggregation = "sum"
[dimensions.worklets]
unit = "invocation"
aggregation = "sum"
[dimensions.users]
unit = "user"
aggregation = "distinct"
[dimensions.gigabytes]
unit = "GB"
aggregation = "sum"
"""
HASH, OTHER_HASH = "a" * 64, "b" * 64
#: The least, and the most, that an engine has.
LEAST = f"""
[[engines]]
id = "least"
since = "2026-12-01T00:00:00Z"
customer = "l-0123456789"
address = "https://least.vendor.com/yawl"
user = "metering"
secretName = "yawl/least"
secretHashes = ["{HASH}"]
dimensions = {{ executions = "executions" }}
"""
MOST = f"""
[[engines]]
id = "most"
since = "2026-12-01T00:00:00Z"
epoch = 2
mode = "log"
customer = "l-1"
address = "https://most.vendor.com:8443/yawl"
resourceAddress = "https://most.vendor.com:8443/resourceService"
user = "metering"
secretName = "yawl/most"
secretHashes = ["{HASH}", "{OTHER_HASH}"]
workletService = "worklets"
workletsAreExecutions = true
pollMinutes = 1
silenceMinutes = 20
audit = false
[engines.dimensions]
executions = "executions"
worklets = "worklets"
users = "users"
calls = "api_calls"
gigabytes = "gigabytes"
[engines.accessLogs]
bucket = "vendor-logs"
prefix = "most/engine"
hosts = ["most.vendor.com"]
"""
SHARED = f"""
[[engines]]
id = "shared"
since = "2026-12-01T00:00:00Z"
mode = "push-only"
secretHashes = ["{HASH}"]
dimensions = {{ executions = "executions" }}
[engines.attribution]
by = "launching-service"
customers = {{ "http://shop.vendor.com/ib" = "l-1", "http://bank.vendor.com/ib" = "l-2" }}
"""
NETWORK = """
[engineNetwork]
subnetIds = ["subnet-0123456789abcdef0"]
securityGroupIds = ["sg-0123456789abcdef0"]
"""
FILE = GOOD + SOLD
SINCE = from_iso("2026-12-01T00:00:00Z")


def test_all_of_it_is_read(tmp_path: Path) -> None:
    stage = load(tmp_path, FILE + LEAST + MOST + SHARED + NETWORK)
    least, most, shared = stage.engines
    assert least == Engine(
        id="least",
        since=SINCE,
        customers={"": "l-0123456789"},
        dimensions=Dimensions(executions="executions"),
        address="https://least.vendor.com/yawl",
        user="metering",
        secret_name="yawl/least",
        secret_hashes=(HASH,),
    )
    assert most == Engine(
        id="most",
        since=SINCE,
        epoch=2,
        customers={"": "l-1"},
        dimensions=Dimensions(
            executions="executions", worklets="worklets", users="users", calls="api_calls", gigabytes="gigabytes"
        ),
        address="https://most.vendor.com:8443/yawl",
        resource_address="https://most.vendor.com:8443/resourceService",
        user="metering",
        secret_name="yawl/most",
        secret_hashes=(HASH, OTHER_HASH),
        worklet_service="worklets",
        worklets_are_executions=True,
        poll_minutes=1,
        silence_minutes=20,
        audit=False,
        access_logs=AccessLogs(bucket="vendor-logs", prefix="most/engine", hosts=("most.vendor.com",)),
    )
    assert (shared.mode, shared.attributed_by) == ("push-only", "launching-service")
    assert shared.customers == {"http://shop.vendor.com/ib": "l-1", "http://bank.vendor.com/ib": "l-2"}
    assert stage.engine_network == EngineNetwork(
        subnet_ids=("subnet-0123456789abcdef0",), security_group_ids=("sg-0123456789abcdef0",)
    )
    for engine in stage.engines:
        assert Engine.from_json(engine.to_json()) == engine


def test_none_of_it_is_asked_by_default(tmp_path: Path) -> None:
    stage = load(tmp_path, GOOD)
    assert (stage.engines, stage.engine_network) == ((), None)


def changed(engine: str, **texts: str) -> str:
    """An engine with other lines: each key's line, or none."""
    lines = [line for line in engine.splitlines() if line.split(" = ")[0] not in texts]
    head = lines.index("[[engines]]")
    lines[head + 1 : head + 1] = [f"{key} = {text}" for key, text in texts.items() if text]
    return "\n".join(lines) + "\n"


def engine(**texts: str) -> str:
    return changed(LEAST, **texts)


LOGS = '{ bucket = "vendor-logs" }'
CALLS = '{ executions = "executions", calls = "api_calls" }'
SECOND = {"id": '"second"', "address": '"https://second.vendor.com/yawl"'}


def many(number: int, **texts: str) -> str:
    """Engines that differ in what must differ, and in these texts, which may hold the number."""
    return "".join(
        engine(
            id=f'"engine-{n}"',
            address=f'"https://e{n}.vendor.com/yawl"',
            **{key: text.replace("#", str(n)) for key, text in texts.items()},
        )
        for n in range(number)
    )


#: Engines, and the line that refuses them.
REFUSED = [
    (engine(id='"Seven"'), "engines[0].id is 'Seven': use at most 32 of a-z, 0-9 and -"),
    (
        engine(since='"2026-12-01"'),
        "engines[0].since is '2026-12-01': write it as text and in UTC, for example \"2027-01-01T00:00:00Z\"",
    ),
    (
        engine(since='"2026-12-01T00:00:00+01:00"'),
        "engines[0].since is '2026-12-01T00:00:00+01:00': write it as text and in UTC, for example"
        ' "2027-01-01T00:00:00Z"',
    ),
    (
        engine(since='"2226-12-01T00:00:00Z"'),
        "engines[0].since is '2226-12-01T00:00:00Z', more than a year ahead: until then nothing is billed: correct the"
        " year",
    ),
    (
        engine(customer=""),
        "engines[0] has no customer: give its customer, or attribution for an engine that several share",
    ),
    (
        engine(attribution='{ by = "specification", customers = { a = "l-1" } }'),
        "engines[0] has customer and attribution: give its customer, or attribution for an engine that several share",
    ),
    (
        engine(customer="", attribution='{ by = "engine", customers = { a = "l-1" } }'),
        "engines[0].attribution.by is 'engine': set it to one of launching-service, client-account, specification",
    ),
    (
        engine(customer="", attribution='{ by = "specification", customers = { "{{x}}" = "l-1" } }'),
        "engines[0].attribution.customers.{{x}} is no usable name: use a name of 1 to 256 characters without braces",
    ),
    (
        engine(address='"https://least.vendor.com/yawl/"'),
        "engines[0].address is 'https://least.vendor.com/yawl/': set it to an address without a slash at its end, for"
        ' example "https://engine.internal:8443/yawl"',
    ),
    (
        engine(address='"https://me:secret@least.vendor.com/yawl"'),
        "engines[0].address is 'https://me:secret@least.vendor.com/yawl': set it to an address without a slash at its"
        ' end, for example "https://engine.internal:8443/yawl"',
    ),
    (
        engine(secretHashes=f'["{HASH}", "{OTHER_HASH}", "{"c" * 64}"]'),
        "engines[0].secretHashes holds 3 entries: list one or two SHA-256 hashes of 64 hex digits, as make"
        " engine-secret prints them",
    ),
    (
        engine(dimensions=CALLS, accessLogs='{ bucket = "vendor-logs", prefix = "most/AWSLogs" }'),
        "engines[0].accessLogs.prefix is 'most/AWSLogs': set it to the load balancer's prefix, without a slash at its"
        " end and without AWSLogs, or leave it out",
    ),
    (LEAST + LEAST, "engines[1].id is 'least' twice: give each engine an id of its own"),
    (
        LEAST + engine(id='"second"', address='"https://LEAST.vendor.com:443/yawl"'),
        "engines[1].address is 'https://LEAST.vendor.com:443/yawl' twice: write one [[engines]] table for it: each"
        " would bill its cases",
    ),
    (
        SHARED.replace("[engines.attribution]", 'address = "https://e.vendor.com/yawl"\n[engines.attribution]'),
        'engines[0].address is given, and mode = "push-only" reads no log: remove it, or set mode',
    ),
    (
        SHARED.replace(f'secretHashes = ["{HASH}"]\n', ""),
        'engines[0].secretHashes are missing, and mode = "push-only" takes announcements: add what make engine-secret'
        ' prints, or set mode = "log-only"',
    ),
    (
        SHARED.replace("launching-service", "client-account"),
        'engines[0].attribution.by is "client-account", which announcements do not name: use launching-service or'
        " specification",
    ),
    *(
        (
            engine(**{key: ""}),
            f'engines[0].{key} is missing, and mode = "log" reads the engine\'s log: add it, or set mode = "push-only"',
        )
        for key in ("address", "user", "secretName")
    ),
    (
        engine(mode='"log-only"'),
        'engines[0].secretHashes are given, and mode = "log-only" takes no announcements: set mode = "log"',
    ),
    (
        engine(address='"http://least.vendor.com/yawl"'),
        "engines[0].address is 'http://least.vendor.com/yawl', and a password would travel openly: use https://, or"
        " reach the engine from your VPC with [engineNetwork]",
    ),
    (engine(dimensions="{}"), "engines[0].dimensions is empty: name what the engine reports, for example executions"),
    (
        engine(dimensions='{ executions = "cases" }'),
        "engines[0].dimensions.executions is 'cases', no dimension of this stage: name any of api_calls, executions,"
        " worklets, gigabytes",
    ),
    (
        engine(dimensions='{ executions = "users" }'),
        "engines[0].dimensions.executions is 'users', whose aggregation is 'distinct': name any of api_calls,"
        " executions, worklets, gigabytes",
    ),
    (
        engine(dimensions='{ users = "executions" }', resourceAddress='"https://least.vendor.com/resourceService"'),
        "engines[0].dimensions.users is 'executions', whose aggregation is 'sum': name any of users",
    ),
    (
        engine(dimensions='{ executions = "executions", worklets = "executions" }'),
        "engines[0].dimensions.executions is 'executions' twice: give each its own; workletsAreExecutions counts"
        " worklets as executions",
    ),
    (
        engine(dimensions='{ users = "users" }'),
        "engines[0].resourceAddress is missing, and dimensions.users is given: add the resource service's address,"
        " whose log names the users",
    ),
    (
        engine(resourceAddress='"https://least.vendor.com/resourceService"'),
        "engines[0].resourceAddress is given without dimensions.users: add the dimension or remove it",
    ),
    (
        SHARED.replace('{ executions = "executions" }', CALLS).replace(
            "[engines.attribution]", f"accessLogs = {LOGS}\n[engines.attribution]"
        ),
        "engines[0].dimensions.calls is given, and attribution.by is 'launching-service': leave it out: only an engine"
        " with one customer tells whose these are",
    ),
    (
        engine(dimensions=CALLS),
        "engines[0].accessLogs is missing, and dimensions has calls or gigabytes: name the load balancer's bucket",
    ),
    (
        engine(accessLogs=LOGS),
        "engines[0].accessLogs is given, and dimensions has neither calls nor gigabytes: add one of them, or remove it",
    ),
    (
        engine(dimensions=CALLS, accessLogs=LOGS) + engine(**SECOND, dimensions=CALLS, accessLogs=LOGS),
        "engines[1].accessLogs is read for 'least', too, and not both have hosts: give each its hosts, or its load"
        " balancer a prefix of its own",
    ),
    (
        engine(dimensions=CALLS, accessLogs='{ bucket = "vendor-logs", hosts = ["a.vendor.com", "b.vendor.com"] }')
        + engine(**SECOND, dimensions=CALLS, accessLogs='{ bucket = "vendor-logs", hosts = ["b.vendor.com"] }'),
        "engines[1].accessLogs.hosts holds 'b.vendor.com', which is 'least''s in the same logs: name each host once",
    ),
    (
        engine(pollMinutes="30", silenceMinutes="45"),
        "engines[0].silenceMinutes is 45 and pollMinutes is 30: set it to at least two readings, or one slow reading"
        " calls",
    ),
    (NETWORK, "engineNetwork is given without engines: add [[engines]] or remove it"),
    (
        many(151),
        "engines are 151, and a stack has room for 150: put the others into a stage of their own",
    ),
]


@pytest.mark.parametrize(("engines", "line"), REFUSED)
def test_what_would_cost_money_is_refused_in_one_line(engines: str, line: str, tmp_path: Path) -> None:
    with pytest.raises(StageError) as raised:
        load(tmp_path, FILE + engines)
    assert str(raised.value) == f"stages/x.toml: {line}"


@pytest.mark.parametrize(
    ("engines", "line"),
    [
        (
            SHARED.replace(
                "customers = {", "customers = { " + ", ".join(f'"{n:0200d}" = "l-{n}"' for n in range(20)) + ", "
            ),
            r"engines\[0\] takes \d+ of the 4096 bytes of its parameter: name fewer customers in attribution, or fewer"
            " hosts",
        ),
        (
            many(60, secretName=f'"{"s" * 80}-#"'),
            r"engines name 60 secrets \(secretName\), which take \d+ of the 7000 characters that a role has for them:"
            " use shorter names, or one for several engines",
        ),
        (
            many(60, dimensions=CALLS, accessLogs=f'{{ bucket = "vendor-logs", prefix = "{"p" * 90}-#" }}'),
            r"engines name 60 prefixes \(accessLogs\), which take \d+ of the 7000 characters that a role has for them:"
            " use shorter names, or one for several engines",
        ),
    ],
    ids=["parameter", "secrets", "prefixes"],
)
def test_what_aws_would_not_take_is_refused_before(engines: str, line: str, tmp_path: Path) -> None:
    with pytest.raises(StageError, match=f"^stages/x.toml: {line}$"):
        load(tmp_path, FILE + engines)


@pytest.mark.parametrize(
    "engines", [MOST, LEAST + engine(**SECOND), SHARED, engine(mode='"log-only"', secretHashes="")]
)
def test_what_differs_is_taken(engines: str, tmp_path: Path) -> None:
    assert load(tmp_path, FILE + engines).engines


def test_an_engine_without_tls_is_reached_from_ones_own_network(tmp_path: Path) -> None:
    text = engine(address='"http://10.0.0.7:8080/yawl"')
    assert load(tmp_path, FILE + text + NETWORK).engines[0].address == "http://10.0.0.7:8080/yawl"


def test_two_engines_of_one_bucket_have_prefixes_or_hosts(tmp_path: Path) -> None:
    first = engine(dimensions=CALLS, accessLogs=LOGS)
    other = '{ bucket = "vendor-logs", prefix = "second" }'
    assert len(load(tmp_path, FILE + first + engine(**SECOND, dimensions=CALLS, accessLogs=other)).engines) == 2
