"""Marketplace is busy, or set up wrongly: what passes soon is ridden out, what does not is told to the right people."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError

from buyer.registration.patience import BEGINS_WITHIN, LONGEST
from ledger.subscribers import SubscriberBusy
from marketplace.client import ResolvedCustomer
from tests.unit.buyer.registration.door import TOKEN, WHO, Door
from tests.unit.emitted import emitted
from tests.unit.marketplace_double import MarketplaceDouble, refused
from tests.unit.messages import PRODUCT

TRANSIENT = [
    refused("ThrottlingException", "{}"),
    refused("InternalServiceErrorException", "{}", 500),
    ReadTimeoutError(endpoint_url="https://marketplace"),
]


def for_a_while(
    monkeypatch: pytest.MonkeyPatch, operation: str, error: Exception, times: int, door: Door, takes: float = 0.0
) -> list[str]:
    """The operation fails so many times, each taking so many seconds; the calls that were made."""
    answer, calls = getattr(MarketplaceDouble, operation), []

    def called(self: MarketplaceDouble, *arguments: Any, **named: Any) -> Any:
        calls.append(operation)
        if len(calls) <= times:
            door.times.monotonic += takes
            raise error
        return answer(self, *arguments, **named)

    monkeypatch.setattr(MarketplaceDouble, operation, called)
    return calls


@pytest.mark.parametrize("error", TRANSIENT, ids=["throttled", "its fault", "timeout"])
@pytest.mark.parametrize("operation", ["resolve_customer", "get_entitlements"])
def test_a_short_throttle_is_ridden_out(
    door: Door, monkeypatch: pytest.MonkeyPatch, operation: str, error: Exception
) -> None:
    calls = for_a_while(monkeypatch, operation, error, 3, door)
    assert door.json("/registrations", {"token": TOKEN} | WHO)[0] == 200
    assert len(calls) == 4
    assert len(door.times.waits) == 3
    assert door.row()["tier"] == "basic_tier"


def test_a_long_one_is_told_in_time(door: Door, capsys: pytest.CaptureFixture[str]) -> None:
    door.marketplace.buyers[TOKEN] = TRANSIENT[0]
    answer = door.form("/register", {"x-amzn-marketplace-token": TOKEN})
    assert (answer["statusCode"], answer["headers"]["Retry-After"]) == (503, "5")
    assert "marketplace_busy" in answer["body"] and "Reload this page" in answer["body"]
    assert BEGINS_WITHIN - LONGEST <= door.times.monotonic < BEGINS_WITHIN
    assert emitted(capsys) == {"RegistrationsRefused": 1}


def test_calls_that_hang_leave_no_time_for_another_and_the_page_comes_all_the_same(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    hanging = ConnectTimeoutError(endpoint_url="https://marketplace")
    # with the longest of their pauses the two take 7.9 of the 8 seconds
    for_a_while(monkeypatch, "resolve_customer", hanging, 2, door, takes=3.8)
    fetched = for_a_while(monkeypatch, "get_entitlements", hanging, 99, door, takes=7)
    door.arrive()
    assert len(fetched) <= 1
    assert door.times.monotonic < BEGINS_WITHIN + 7


@pytest.mark.parametrize("code", ["InvalidTokenException", "ExpiredTokenException", "AccessDeniedException"])
def test_what_waiting_does_not_mend_is_told_at_once(door: Door, code: str) -> None:
    door.marketplace.buyers[TOKEN] = refused(code, "ResolveCustomer")
    door.json("/register", {"token": TOKEN})
    assert door.times.waits == []


@pytest.mark.parametrize(
    ("buyer", "entitled", "misconfigured"),
    [
        (ResolvedCustomer(product_code="other", customer_identifier="custA1"), None, 1),
        (ResolvedCustomer(product_code=PRODUCT), None, 1),
        (refused("AccessDeniedException", "ResolveCustomer"), None, 1),
        (refused("DisabledApiException", "ResolveCustomer"), None, 1),
        (refused("ExpiredTokenException", "ResolveCustomer"), None, 0),
        (refused("InvalidTokenException", "ResolveCustomer"), None, 0),
        (refused("ThrottlingException", "ResolveCustomer"), None, 0),
        (None, refused("InvalidProductCodeException", "GetEntitlements"), 1),
        (None, refused("InvalidParameterException", "GetEntitlements"), 1),
        (None, refused("ThrottlingException", "GetEntitlements"), 0),
    ],
)
@pytest.mark.parametrize("path", ["/register", "/registrations"])
def test_what_a_person_has_to_mend_is_counted_for_an_alarm(
    door: Door,
    capsys: pytest.CaptureFixture[str],
    path: str,
    buyer: ResolvedCustomer | Exception | None,
    entitled: Exception | None,
    misconfigured: int,
) -> None:
    door.marketplace.buyers[TOKEN] = buyer or door.marketplace.buyers[TOKEN]
    door.marketplace.holds = entitled or door.marketplace.holds
    door.json(path, {"token": TOKEN} | WHO)
    assert emitted(capsys)["RegistrationsMisconfigured"] == misconfigured


@pytest.fixture
def contended(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """Somebody else writes the row between any read of ours and the write; the pauses that were made."""
    pauses: list[float] = []
    monkeypatch.setattr("ledger.subscribers.Subscribers._write", lambda *_: False)
    # the module's own name, not the function of everybody: threads of other tests sleep, too
    monkeypatch.setattr("runtime.pause.time", SimpleNamespace(sleep=pauses.append))
    yield pauses


def test_a_row_that_others_keep_writing_asks_to_try_again_in_time(door: Door, contended: list[float]) -> None:
    status, said = door.json("/registrations", {"token": TOKEN} | WHO)
    assert (status, said["error"]["code"]) == (503, "busy")
    assert SubscriberBusy.__name__ not in str(said)
    assert len(contended) == 12
    assert sum(contended) < 5


@pytest.mark.parametrize(
    ("code", "status", "said"),
    [
        ("ProvisionedThroughputExceededException", 503, "unavailable"),
        ("InternalServerError", 503, "unavailable"),
        ("ValidationException", 500, "internal_error"),
    ],
)
def test_a_table_that_does_not_answer_asks_to_try_again(
    door: Door, monkeypatch: pytest.MonkeyPatch, code: str, status: int, said: str
) -> None:
    def failing(*_: Any, **__: Any) -> None:
        raise refused(code, "GetItem", 400)

    monkeypatch.setattr("ledger.subscribers.Subscribers.get", failing)
    answered, payload = door.json("/registrations", {"token": TOKEN} | WHO)
    assert (answered, payload["error"]["code"]) == (status, said)
