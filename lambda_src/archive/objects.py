"""Objects of the archive in Amazon S3: gzip files of lines, written whole and read line by line."""

import gzip
from collections.abc import Iterable, Iterator
from typing import IO, Any, NamedTuple, cast


class Found(NamedTuple):
    """An object of the archive. size: compressed bytes."""

    key: str
    size: int


class Objects:
    """The archive's bucket. s3: botocore's client."""

    def __init__(self, s3: Any, bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def put(self, key: str, lines: Iterable[str]) -> None:
        """Write an object. The same lines are the same bytes, so a repeat changes nothing."""
        body = gzip.compress("".join(f"{line}\n" for line in lines).encode(), compresslevel=6, mtime=0)
        # The checksum travels along: an object is stored as it was made, or not at all.
        self._s3.put_object(
            Bucket=self._bucket, Key=key, Body=body, ContentType="application/gzip", ChecksumAlgorithm="CRC32"
        )

    def list(self, folder: str) -> Iterator[Found]:
        """The objects below a folder, by key."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=folder)
        for page in pages:
            for entry in page.get("Contents", ()):
                yield Found(entry["Key"], entry["Size"])

    def lines(self, key: str) -> Iterator[str]:
        """An object's lines, read as they are needed."""
        body = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"]
        with gzip.GzipFile(fileobj=cast(IO[bytes], body), mode="rb") as file:
            for line in file:
                yield line.decode().rstrip("\n")
