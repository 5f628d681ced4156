"""What counts as a call: each line of the documented list, and what a caller cannot do about it."""

from typing import Any

import pytest

from tests.unit.yawl.access_logs.log_lines import BUCKET, engine, line
from yawl.access_logs.calls import path_of
from yawl.access_logs.tally import Tally, tally
from yawl.engine import AccessLogs, Engine


def counted(*lines: str, of: Engine | None = None) -> int:
    found = tally(lines, [of or engine()])
    assert (found.lines, found.unreadable) == (len(lines), 0)
    return sum(traffic.calls for traffic in found.traffic.values())


def at(path: str, **values: Any) -> str:
    return line(f"https://engine.example.com:443{path}", **values)


@pytest.mark.parametrize(
    "path",
    [
        "/yawl/ia",
        "/yawl/ib",
        "/yawl/ib/",
        "/yawl/ib/anything",
        "/resourceService/gateway",
        "/resourceService/workqueuegateway",
        "/workletService/gateway",
    ],
)
def test_the_interfaces_of_the_engine_and_its_services_count(path: str) -> None:
    assert counted(at(path)) == 1


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/yawl",
        "/yawl/",
        "/yawl/ibx",
        "/yawl/IB",
        "/yawl/ix",
        "/yawl/logGateway",
        "/resourceService/logGateway",
        "/resourceService/gateway/more",
        "/resourceService/ib",
        "/workletService/ib",
        "/resourceService/theme/style.css",
        "/other/yawl/ib",
        "/resourceService/faces/Login.jsp",
    ],
)
def test_other_paths_do_not(path: str) -> None:
    assert counted(at(path)) == 0


@pytest.mark.parametrize(
    "path",
    ["/yawl//ib", "//yawl/ib", "/yawl/./ib", "/yawl/x/../ib", "/yawl/%69b", "/yawl/ib;jsessionid=1", "/yawl;a/ib;b=c"],
)
def test_a_path_counts_as_the_servlet_container_resolves_it(path: str) -> None:
    """A living engine 6.1 on Tomcat answered all of these as /yawl/ib."""
    assert counted(at(path)) == 1


@pytest.mark.parametrize("path", ["/yawl/%2569b", "/../../yawl/../ib", "/yawl/ib/.."])
def test_a_path_that_leads_elsewhere_does_not(path: str) -> None:
    assert counted(at(path)) == 0
    assert path_of(path) not in ("/yawl/ib", "/yawl/ia")


@pytest.mark.parametrize("method", ["OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "-", "post"])
def test_other_methods_do_not(method: str) -> None:
    assert counted(at("/yawl/ib", method=method)) == 0


@pytest.mark.parametrize(
    ("query", "calls"),
    [
        ("?action=checkConnection&sessionHandle=1", 1),
        ("?sessionHandle=1&action=", 1),
        ("?%61ction=checkConnection", 1),
        ("", 0),
        ("?", 0),
        ("?sessionHandle=1", 0),
        ("?reaction=1", 0),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_get_counts_if_it_names_an_operation(method: str, query: str, calls: int) -> None:
    assert counted(at(f"/yawl/ib{query}", method=method)) == calls


@pytest.mark.parametrize(("status", "calls"), [("199", 0), ("200", 1), ("204", 1), ("299", 1), ("300", 0), ("-", 0)])
def test_success_counts_both_of_the_balancer_and_of_the_server(status: str, calls: int) -> None:
    assert counted(at("/yawl/ib", status=status)) == calls
    assert counted(at("/yawl/ib", target_status=status)) == calls


@pytest.mark.parametrize(("status", "target_status"), [("460", "200"), ("403", "-"), ("200", "-"), ("502", "-")])
def test_a_caller_who_left_and_an_answer_of_the_balancer_itself_do_not(status: str, target_status: str) -> None:
    assert counted(at("/yawl/ib", status=status, target_status=target_status)) == 0


@pytest.mark.parametrize(("kind", "calls"), [("http", 1), ("https", 1), ("h2", 1), ("ws", 0), ("wss", 0), ("grpcs", 0)])
def test_the_types_that_count(kind: str, calls: int) -> None:
    assert counted(at("/yawl/ib", kind=kind)) == calls


@pytest.mark.parametrize("agent", ["ELB-HealthChecker/2.0", "yawl-metering/1.0", "-", "Amazon-Route53-Health-Check"])
def test_no_user_agent_keeps_a_call_from_being_counted(agent: str) -> None:
    assert counted(at("/yawl/ib", agent=agent)) == 1


def test_the_paths_follow_the_addresses_of_the_stage() -> None:
    moved = engine(address="https://10.0.0.1:8443/engines/a/", resource_address="http://10.0.0.1:8080/people")
    assert counted(at("/engines/a/ib"), at("/people/gateway"), at("/yawl/ib"), of=moved) == 2
    at_the_root = engine(address="https://10.0.0.1:8443")
    assert counted(at("/ib"), at("/yawl/ib"), of=at_the_root) == 1


def test_calls_before_the_engines_since_do_not_count() -> None:
    young = engine(since=1795968120.0)  # 2026-11-29T16:02:00Z
    times = ("2026-11-29T16:01:59.999999Z", "2026-11-29T16:02:00.000000Z", "2026-11-29T16:03:00.000000Z")
    assert counted(*(at("/yawl/ib", time=time) for time in times), of=young) == 2


# --- Whose calls they are ---------------------------------------------------------------------------------------------


def of_hosts(name: str, *hosts: str) -> Engine:
    return engine(name, access_logs=AccessLogs(bucket=BUCKET, hosts=hosts))


def reached(url: str, *engines: Engine) -> Tally:
    return tally([line(url)], engines)


@pytest.mark.parametrize(
    "host",
    [
        "a.example:443",
        "A.Example:443",
        "a.example.:443",
        "%61.example:443",
        "a.example",
    ],
)
def test_a_host_is_found_in_every_spelling(host: str) -> None:
    found = reached(f"https://{host}/yawl/ib", of_hosts("one", "a.EXAMPLE"), of_hosts("two", "b.example"))
    assert found.traffic.keys() == {"one"}


def test_an_ipv6_host() -> None:
    assert reached("http://[2001:DB8::1]:80/yawl/ib", of_hosts("one", "[2001:db8::1]")).traffic.keys() == {"one"}


def test_engines_of_one_host_and_two_ports() -> None:
    engines = of_hosts("one", "a.example:443"), of_hosts("two", "a.example:8443"), of_hosts("three", "a.example")
    for port, name in (("443", "one"), ("8443", "two"), ("80", "three")):
        assert reached(f"https://a.example:{port}/yawl/ib", *engines).traffic.keys() == {name}


def test_a_host_that_no_engine_lists_is_nobodys_and_counted() -> None:
    found = reached("https://c.example:443/yawl/ib", of_hosts("one", "a.example"), of_hosts("two", "b.example"))
    assert (found.traffic, found.unmatched) == ({}, 1)
    page = reached("https://c.example:443/robots.txt", of_hosts("one", "a.example"))
    assert (page.traffic, page.unmatched) == ({}, 0)


def test_an_engine_without_hosts_has_what_no_other_has() -> None:
    engines = of_hosts("one", "a.example"), of_hosts("rest")
    assert reached("https://a.example:443/yawl/ib", *engines).traffic.keys() == {"one"}
    assert reached("https://10.0.0.1:443/yawl/ib", *engines).traffic.keys() == {"rest"}
