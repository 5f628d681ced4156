"""Who is asked to send again sends again: later each time, never sooner than asked, and not for ever."""

import threading
from collections.abc import Callable, Iterator

import pytest

from local.cloud import Answer
from local.replay.patience import LONGEST_BACKOFF, Patience, asks_again
from tests.local.replay.unhurried import Unhurried

Ask = Callable[[], Answer]


def answer(status: int, **headers: str) -> Answer:
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, "", None)


def answering(*answers: Answer) -> Ask:
    told: Iterator[Answer] = iter(answers)
    return lambda: next(told)


@pytest.mark.parametrize(
    ("given", "least"),
    [
        (answer(503, retry_after="5"), 5),
        (answer(503), 0),
        (answer(429), 0),
        (answer(502), 0),
        (answer(504), 0),
        # the usage API's, whose reader is to send the same request again
        (answer(500, retry_after="5"), 5),
        (answer(500), None),
        (answer(200), None),
        (answer(400), None),
        (answer(403), None),
        # a date: HTTP allows it, nobody here sends it
        (answer(503, retry_after="Sun, 15 Nov 2026 08:00:00 GMT"), 0),
    ],
)
def test_an_answer_asks_to_send_again_by_its_status_or_by_retry_after(given: Answer, least: float | None) -> None:
    assert asks_again(given) == least


def test_a_request_is_repeated_until_a_final_answer_and_never_too_soon() -> None:
    told: list[float] = []
    pauses = Unhurried()
    busy = answer(503, retry_after="5")
    patience = Patience(told.append, stopped=pauses)
    final = patience.until_answered(answering(busy, busy, answer(200), answer(500)), asks_again)
    assert final.status == 200
    assert len(told) == 2
    assert all(5 <= pause <= 5 + LONGEST_BACKOFF for pause in told)
    assert pauses.seconds == told


def test_pauses_grow_and_are_spread() -> None:
    pauses = Unhurried()
    for _ in range(40):
        Patience(stopped=pauses).until_answered(answering(*[answer(429)] * 4, answer(200)), asks_again)
    by_attempt = [pauses.seconds[number::4] for number in range(4)]
    assert len(set(pauses.seconds)) > 100, "jitter"
    assert max(by_attempt[0]) < max(by_attempt[3]) <= LONGEST_BACKOFF


def test_repeating_ends_with_the_last_answer() -> None:
    pauses = Unhurried()
    asked = [answer(503, retry_after="30")] * 50
    assert Patience(longest=20, stopped=pauses).until_answered(answering(*asked), asks_again).status == 503
    assert pauses.seconds == [], "a pause beyond the limit is not begun"


def test_waiting_ends_at_once_when_it_is_stopped() -> None:
    asked: list[int] = []

    def ask() -> Answer:
        asked.append(1)
        return answer(503, retry_after="60")

    waiting = threading.Event()
    patience = Patience(lambda _: waiting.set())
    sender = threading.Thread(target=patience.until_answered, args=(ask, asks_again))
    sender.start()
    assert waiting.wait(10)
    patience.stop()
    sender.join(10)
    assert not sender.is_alive()
    assert len(asked) <= 2
