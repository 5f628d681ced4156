"""The admin interface and its client."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from marketplace_local.admin import AdminRefused, MarketplaceAdmin
from marketplace_local.call_log import Accepted
from marketplace_local.clock import MovableClock, iso
from marketplace_local.errors import AdminError
from marketplace_local.in_process import InProcessAdmin
from marketplace_local.model import service_model
from marketplace_local.server import LocalMarketplace
from marketplace_local.state import MarketplaceState
from tests.marketplace_local.market import HOUR, PRODUCT, Market, SetClock, Ticks, record

PACKAGE = str(Path(__file__).parents[2] / "marketplace-local")


def test_a_buyer_is_named_by_the_billing_key(market: Market) -> None:
    legacy, licensed = market.buyer("legacy"), market.buyer("license", account_id="123456789012")
    assert legacy["id"] == legacy["customerIdentifier"]
    assert licensed["licenseArn"].endswith(f":license:{licensed['id']}")
    assert licensed["accountId"] == "123456789012"
    assert [buyer["id"] for buyer in market.admin.buyers()] == [legacy["id"], licensed["id"]]
    assert market.admin.buyer(licensed["id"]) == {k: v for k, v in licensed.items() if k != "token"}


def test_periods(market: Market) -> None:
    buyer = market.buyer(activated_at=None)
    assert buyer["periods"] == []
    assert market.admin.activate(buyer["id"])["periods"] == [{"start": "2026-11-15T12:30:00Z", "end": None}]
    market.admin.end(buyer["id"], "2026-11-15T13:00:00Z")
    assert market.admin.buyer(buyer["id"])["periods"][0]["end"] == "2026-11-15T13:00:00Z"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("products", {}),
        ("products", {"productCode": "p", "integration": "modern"}),
        ("products", {"productCode": "p", "dimensions": "runs"}),
        ("buyers", {"productCode": "prod-code-9"}),
        ("buyers", {"productCode": PRODUCT, "kind": "mixed"}),
        ("buyers", {"productCode": PRODUCT, "accountId": 12}),
        ("buyers", {"productCode": PRODUCT, "activatedAt": "2026-11-15T12:00:00"}),
        ("buyers", {"productCode": PRODUCT, "entitlements": [{"dimension": "runs", "value": 1}]}),
        ("buyers", {"productCode": PRODUCT, "entitlements": [{"dimension": "basic_tier"}]}),
        ("buyers/nobody/activate", {}),
        ("settings", {"identicalResend": "Maybe"}),
        ("settings", {"callsPerSecond": -1}),
        ("settings", {"tokenMinutes": 0}),
        ("settings", {"usageAfterEnd": "Maybe"}),
        ("random-faults", {"seed": 1, "rates": {"sabotage": 1}}),
        ("nothing", {}),
    ],
)
def test_what_is_wrong_is_refused(market: Market, path: str, body: dict[str, Any]) -> None:
    with pytest.raises(AdminRefused):
        market.admin._call("POST", path, body)
    assert market.admin.buyers() == []


def test_an_agreement_refuses_a_second_start_and_an_early_end(market: Market) -> None:
    buyer = market.buyer()
    with pytest.raises(AdminRefused, match="active already"):
        market.admin.activate(buyer["id"])
    with pytest.raises(AdminRefused, match="before it started"):
        market.admin.end(buyer["id"], "2026-11-01T00:00:00Z")
    market.admin.end(buyer["id"])
    with pytest.raises(AdminRefused, match="not active"):
        market.admin.end(buyer["id"])
    with pytest.raises(AdminRefused, match="before the last one ended"):
        market.admin.activate(buyer["id"], "2026-11-10T00:00:00Z")


def test_a_buyer_of_the_wrong_kind(market: Market) -> None:
    market.product("prod-code-2", integration="license")
    with pytest.raises(AdminRefused, match="integrated by license"):
        market.buyer("legacy", code="prod-code-2")


def test_the_log_is_read_in_pages(market: Market) -> None:
    buyer = market.buyer()
    for minute in range(5):
        market.send(record(buyer, HOUR.replace(minute=minute)))
    first = market.admin._call("GET", "log?limit=2")
    assert ([call["seq"] for call in first["calls"]], first["next"]) == ([1, 2], 2)
    last = market.admin._call("GET", "log?after=3&limit=2")
    assert ([call["seq"] for call in last["calls"]], last["next"]) == ([4, 5], None)
    assert [call["seq"] for call in market.admin.calls()] == [1, 2, 3, 4, 5]
    for wrong in ("limit=0", "limit=10001", "after=-1", "after=x"):
        with pytest.raises(AdminRefused):
            market.admin._call("GET", f"log?{wrong}")


def test_an_accepted_line(market: Market) -> None:
    buyer = market.buyer("legacy")
    (result,) = market.send(record(buyer, HOUR.replace(minute=7), QuantityAsDecimal="1.50"))["Results"]
    assert list(market.admin.accepted()) == [
        {
            "seq": 1,
            "productCode": PRODUCT,
            "buyer": buyer["id"],
            "identity": {"CustomerIdentifier": buyer["customerIdentifier"]},
            "region": "us-east-1",
            "dimension": "runs",
            "hour": "2026-11-15T11:00:00Z",
            "timestamp": "2026-11-15T11:07:00Z",
            "quantity": "1.50",
            "meteringRecordId": result["MeteringRecordId"],
            "at": "2026-11-15T12:30:00Z",
        }
    ]


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "http://evil.example"}])
def test_a_page_in_a_browser_cannot_reach_it(market: Market, headers: dict[str, str]) -> None:
    connection = http.client.HTTPConnection(urlsplit(market.server.url).netloc, timeout=10)
    connection.request("POST", "/_local/faults", json.dumps({"kind": "throttle"}), headers)
    assert connection.getresponse().status == 403
    connection.close()
    assert market.admin.faults() == []


def test_it_listens_on_loopback_only(market: Market) -> None:
    assert market.server.server_address[0] == "127.0.0.1"


def test_stopping_also_ends_connections_that_are_kept() -> None:
    server = LocalMarketplace(now=SetClock(), monotonic=Ticks())
    server.start()
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=10)
    connection.request("GET", "/_local/health")
    connection.getresponse().read()
    server.stop()
    connection.auto_open = 0
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        connection.request("GET", "/_local/health")
        connection.getresponse()
    connection.close()


def test_as_a_program_with_the_shared_clock_and_a_log_file(tmp_path: Path) -> None:
    """One line when it is ready, a shared clock, a seed; SIGTERM ends it."""
    offset, log = tmp_path / "offset", tmp_path / "accepted.jsonl"
    offset.write_text("86400", encoding="ascii")
    command = [sys.executable, "-m", "marketplace_local", "--port", "0", "--json", "--seed", "4"]
    command += ["--log-file", str(log), "--clock-file", str(offset)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": PACKAGE})
    try:
        assert process.stdout is not None
        admin = MarketplaceAdmin(json.loads(process.stdout.readline())["url"])
        before = admin.health()["now"]
        offset.write_text("172800", encoding="ascii")
        assert (before[:10] < admin.health()["now"][:10]) and admin.summary()["calls"] == 0
        assert _first_token(admin) == _first_token(InProcessAdmin(MarketplaceState(seed=4)))
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        if process.stdout:
            process.stdout.close()


def test_the_clock_is_set_and_moved(tmp_path: Path) -> None:
    """Without a shared file the offset is the Marketplace's own; with one, each program that names it sees it."""
    for clock in (MovableClock(), MovableClock(tmp_path / "offset")):
        admin = InProcessAdmin(MarketplaceState(clock))
        assert admin.set_clock("2026-12-01T05:59:00Z")["now"] == "2026-12-01T05:59:00Z"
        assert admin.advance_clock(3600)["now"][:16] == "2026-12-01T06:59"
        assert admin.health()["now"][:13] == "2026-12-01T06"
    assert iso(MovableClock(tmp_path / "offset")())[:13] == "2026-12-01T06"


@pytest.mark.parametrize(
    "body", [{}, {"now": "2026-12-01T06:00:00"}, {"now": 5}, {"advance": "soon"}, {"advance": 1e99}]
)
def test_a_wrong_time_leaves_the_clock_alone(body: dict[str, Any]) -> None:
    clock = MovableClock()
    with pytest.raises(AdminError, match="the clock takes"):
        InProcessAdmin(MarketplaceState(clock))._call("POST", "clock", body)
    assert clock() == pytest.approx(time.time(), abs=5)


def test_a_clock_of_another_owner_is_not_set(market: Market) -> None:
    with pytest.raises(AdminRefused, match="clock of the program"):
        market.admin.advance_clock(60)


@pytest.mark.parametrize("ended_by", ["stdin", "interrupt"])
def test_the_command_prints_what_to_export_and_ends(ended_by: str) -> None:
    """The variables are those that botocore looks up: AWS_ENDPOINT_URL_ and the service id."""
    command = [sys.executable, "-m", "marketplace_local", "--port", "0", "--end-with-stdin"]
    environment = {**os.environ, "PYTHONPATH": PACKAGE}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        lines = [process.stdout.readline() for _ in range(6)]
        exported = dict(line.removeprefix("export ").strip().split("=", 1) for line in lines[1:])
        services = ("meteringmarketplace", "marketplace-entitlement", "marketplace-catalog", "marketplace-agreement")
        for service in (*services, "cloudtrail"):
            name = service_model(service).service_id.replace(" ", "_").upper()
            assert exported[f"AWS_ENDPOINT_URL_{name}"] in lines[0]
        if ended_by == "stdin":
            process.stdin.close()
        else:
            process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0


def test_a_port_in_use_is_one_line(market: Market) -> None:
    command = [sys.executable, "-m", "marketplace_local", "--port", market.server.url.rsplit(":", 1)[1]]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": PACKAGE})
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and "--port" in done.stderr


def _first_token(admin: MarketplaceAdmin) -> str:
    admin.create_product(PRODUCT, ["runs"])
    token: str = admin.create_buyer(PRODUCT)["token"]
    return token


def test_accepted_records_are_appended_to_the_log_file(tmp_path: Path) -> None:
    path = tmp_path / "accepted.jsonl"
    server = LocalMarketplace(now=SetClock(), monotonic=Ticks(), log_file=path)
    log = server.state.log
    line = Accepted(1, PRODUCT, "l-1", {}, "us-east-1", "runs", "h", "t", "5", "id", "at")
    log.accept(line)
    log.accept(line)
    server.stop()
    assert [json.loads(text)["quantity"] for text in path.read_text(encoding="utf-8").splitlines()] == ["5", "5"]
