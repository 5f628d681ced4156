"""How long a request rides out a busy Marketplace."""

from typing import Any

from buyer.registration import patience
from buyer.registration.patience import BEGINS_WITHIN, LONGEST, Patience
from tests.unit.buyer.registration.door import Times


def test_waits_grow_at_random_and_attempts_end_in_time() -> None:
    times = Times()
    numbers = list(Patience(lambda: times.monotonic, times.sleep).attempts())
    assert numbers == list(range(len(numbers)))
    assert len(numbers) > 5
    assert max(times.waits) <= LONGEST
    assert times.waits[0] <= patience.SHORTEST
    assert len(set(times.waits)) == len(times.waits)


def test_two_questions_of_one_request_share_its_time() -> None:
    times = Times()
    shared = Patience(lambda: times.monotonic, times.sleep)
    for _ in shared.attempts():
        times.monotonic += 7
    assert BEGINS_WITHIN <= times.monotonic < BEGINS_WITHIN + 7
    assert list(shared.attempts()) == []


def test_all_that_a_request_may_wait_for_fits_into_the_functions_28_seconds() -> None:
    from buyer.signing_keys import _CONFIG
    from marketplace.client import MarketplaceClient

    config: Any = MarketplaceClient.connect("us-east-1", attempts=1).metering.meta.config
    call = config.connect_timeout + config.read_timeout
    assert config.retries["total_max_attempts"] == 1
    keys = 2 * _CONFIG.retries["total_max_attempts"] * (_CONFIG.connect_timeout + _CONFIG.read_timeout)  # type: ignore[attr-defined]
    assert BEGINS_WITHIN + call + keys <= 28
