"""Objects are read within bounds, line by line; what is no complete gzip file is named."""

import gzip
import io
import zlib

import pytest

from tests.unit.yawl.access_logs.log_lines import line, zipped
from yawl.access_logs import read_object
from yawl.access_logs.notice import UnreadableAccessLog
from yawl.access_logs.read_object import LONGEST_LINE, lines_of


class Body:
    """A body that notes how much of it was read, and how much at a time."""

    def __init__(self, content: bytes) -> None:
        self.content, self.read_bytes = io.BytesIO(content), 0

    def read(self, amt: int, /) -> bytes:
        assert amt > 0, "the whole body at once"
        part = self.content.read(amt)
        self.read_bytes += len(part)
        return part


def test_lines_as_they_were_written() -> None:
    lines = [line(agent="é"), "", "half a li"]
    assert list(lines_of(io.BytesIO(zipped(lines)))) == lines


def test_the_last_line_may_lack_its_end() -> None:
    assert list(lines_of(io.BytesIO(gzip.compress(b"one\ntwo")))) == ["one", "two"]


def test_several_gzip_members_are_one_object() -> None:
    assert list(lines_of(io.BytesIO(zipped(["one"]) + zipped(["two"])))) == ["one", "two"]


def test_bytes_that_are_no_utf8_do_not_stop_the_reading() -> None:
    assert list(lines_of(io.BytesIO(gzip.compress(b"a\xff b\nc\n")))) == ["a� b", "c"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no gzip at all",
        b"\x1f\x8b\x08",
        zipped([line()] * 9)[:-1],
        zipped([line()] * 9)[:-12],
        zipped([line()] * 9)[:60],
        zipped([line()])[:-8] + bytes(8),
        zipped([line()]) + b"and more",
        zlib.compress(b"another format\n"),
    ],
)
def test_what_is_no_complete_gzip_file_is_unreadable(content: bytes) -> None:
    with pytest.raises(UnreadableAccessLog) as caught:
        list(lines_of(io.BytesIO(content)))
    assert "example" not in str(caught.value)


def test_a_bomb_of_one_line_ends_at_the_longest_line() -> None:
    bomb = Body(gzip.compress(b"0" * 50_000_000))
    with pytest.raises(UnreadableAccessLog, match="a line has more than"):
        list(lines_of(bomb))
    assert bomb.read_bytes < bomb.content.getbuffer().nbytes


def test_a_bomb_of_many_lines_ends_at_the_most_bytes() -> None:
    bomb = Body(gzip.compress(b"0\n" * 20_000_000))
    with pytest.raises(UnreadableAccessLog, match="it has more than 1000000 bytes"):
        list(lines_of(bomb, most_bytes=1_000_000))
    assert bomb.read_bytes < bomb.content.getbuffer().nbytes


def test_the_bounds_themselves_are_allowed() -> None:
    longest = "0" * (LONGEST_LINE - 1)
    assert list(lines_of(io.BytesIO(zipped([longest])), most_bytes=LONGEST_LINE)) == [longest]
    assert read_object.MOST_BYTES > LONGEST_LINE


def test_errors_of_the_stream_are_passed_on() -> None:
    class Broken:
        def read(self, _amt: int, /) -> bytes:
            raise ConnectionError

    with pytest.raises(ConnectionError):
        list(lines_of(Broken()))
