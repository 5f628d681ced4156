"""A lane's batches each have their turn; a busy one holds up no other and is named at the end."""

from collections import Counter

import pytest

from metering.send.send_batch import MarketplaceBusy, ProductFault
from metering.send.submit_lane import IN_A_ROW, TRIES, WITHIN, submit_lane


class Lane:
    """Submits batches that are busy as often as ``busy`` says. ``calls``: in order; ``pauses``: before which call."""

    def __init__(self, **busy: int) -> None:
        self.busy = busy
        self.calls: list[str] = []
        self.pauses: list[tuple[int, int]] = []
        self.now = 0.0
        #: Seconds that one batch takes.
        self.takes = 1.0

    def submit(self, batch: str) -> None:
        self.calls.append(batch)
        self.now += self.takes
        if self.busy.get(batch, 0):
            self.busy[batch] -= 1
            raise MarketplaceBusy

    def run(self, batches: str) -> str:
        """The batches that are left."""
        pause = self.pauses.append
        left = submit_lane(
            batches, self.submit, monotonic=lambda: self.now, pause=lambda n: pause((len(self.calls), n))
        )
        return "".join(left)


def test_batches_go_in_their_order_without_pauses() -> None:
    lane = Lane()
    assert lane.run("abc") == ""
    assert (lane.calls, lane.pauses) == ([*"abc"], [])


def test_a_busy_batch_goes_behind_the_others_and_is_tried_again() -> None:
    lane = Lane(a=2)
    assert lane.run("abc") == ""
    assert lane.calls == [*"abcaa"]
    assert lane.pauses == [(3, 0), (4, 1)]


def test_a_batch_that_stays_busy_is_left_and_no_other_is() -> None:
    lane = Lane(b=99)
    assert lane.run("abcd") == "b"
    assert Counter(lane.calls) == {"a": 1, "b": TRIES, "c": 1, "d": 1}


def test_where_all_is_busy_the_lane_is_left_soon() -> None:
    lane = Lane(**dict.fromkeys("abcdefgh", 99))
    assert sorted(lane.run("abcdefgh")) == [*"abcdefgh"]
    assert len(lane.calls) == IN_A_ROW
    assert [attempt for _, attempt in lane.pauses] == [1, 2, 3, 4]


def test_a_single_answer_shows_that_not_all_is_busy() -> None:
    lane = Lane(**dict.fromkeys("abcde", 2))
    assert lane.run("abcdef") == ""
    assert lane.calls == [*"abcdef", *"abcde", *"abcde"]


def test_a_lane_begins_no_batch_when_its_time_is_over() -> None:
    lane = Lane()
    lane.takes = WITHIN / 2
    assert lane.run("abcd") == "cd"


@pytest.mark.parametrize("error", [ProductFault, ValueError])
def test_any_other_error_ends_the_lane(error: type[Exception]) -> None:
    called: list[str] = []

    def submit(batch: str) -> None:
        called.append(batch)
        if batch == "b":
            raise error

    with pytest.raises(error):
        submit_lane("abc", submit)
    assert called == ["a", "b"]
