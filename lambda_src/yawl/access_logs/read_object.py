"""An object of the access logs, read line by line within bounds."""

import gzip
import zlib
from collections.abc import Iterator
from typing import IO, Protocol, cast

from yawl.access_logs.notice import UnreadableAccessLog

#: The most bytes that an object's lines may have together. A busy load balancer writes several objects for 5 minutes,
#: each of some megabytes; a gzip bomb ends here.
MOST_BYTES = 2 * 2**30
#: The longest line: a URL and a User-Agent have 8 to 16 KB at most, and there are some more fields.
LONGEST_LINE = 2**17


class Stream(Protocol):
    """A body that is read part by part, as Amazon S3's."""

    def read(self, amt: int, /) -> bytes:
        """At most so many bytes; none at the end."""
        ...


def lines_of(compressed: Stream, *, most_bytes: int = MOST_BYTES) -> Iterator[str]:
    """The lines of a gzip file, without their ends, read as they are needed; the last may lack its end.

    Raises UnreadableAccessLog where it is no complete gzip file or exceeds a bound, maybe after many lines, which must
    not be used then. Passes on the errors of the stream.
    """
    read = 0
    try:
        with gzip.GzipFile(fileobj=cast(IO[bytes], compressed), mode="rb") as file:
            while line := file.readline(LONGEST_LINE):
                read += len(line)
                if read > most_bytes:
                    raise UnreadableAccessLog(f"it has more than {most_bytes} bytes")
                if len(line) == LONGEST_LINE and not line.endswith(b"\n"):
                    raise UnreadableAccessLog(f"a line has more than {LONGEST_LINE} bytes")
                yield line.decode("utf-8", "replace").rstrip("\r\n")
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise UnreadableAccessLog(f"it is no complete gzip file ({type(error).__name__})") from error
    if not read:
        raise UnreadableAccessLog("it is empty")
