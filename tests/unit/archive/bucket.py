"""Amazon S3 in memory, as far as the archive calls it."""

import io
from collections.abc import Iterator
from typing import Any

from archive.objects import Objects


class Bucket:
    """Objects by key. fails: keys that contain this cannot be written."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.fails = ""

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, **_: Any) -> None:
        if self.fails and self.fails in Key:
            raise ConnectionError("S3 does not answer")
        self.objects[Key] = Body

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        return {"Body": io.BytesIO(self.objects[Key])}

    def get_paginator(self, name: str) -> "Bucket":
        assert name == "list_objects_v2"
        return self

    def paginate(self, *, Bucket: str, Prefix: str) -> Iterator[dict[str, Any]]:
        keys = sorted(key for key in self.objects if key.startswith(Prefix))
        for number in range(0, len(keys), 2):
            yield {"Contents": [{"Key": key, "Size": len(self.objects[key])} for key in keys[number : number + 2]]}
        yield {}


def in_memory(bucket: Bucket) -> Objects:
    return Objects(bucket, "archive")
