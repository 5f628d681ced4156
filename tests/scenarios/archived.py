"""The archive of a world: the streams of its tables go through the function's code into a bucket in memory."""

from pathlib import Path
from typing import Any, cast

from archive.archive_changes import archive_changes
from archive.kept import ARCHIVED
from archive.objects import Objects
from local.dynamodb.store import MemoryDynamoDB
from local.dynamodb.stream import Streams
from tests.scenarios.world import World
from tests.unit.archive.bucket import Bucket, in_memory


class Archived:
    """Make it before the world's first write. later: seconds by which DynamoDB's clock is ahead of the functions'.
    bucket: what is in the archive after ``drain``."""

    def __init__(self, world: World, *, later: float = 0) -> None:
        memory = cast(MemoryDynamoDB, cast(Any, world.dynamodb))
        self._streams = Streams(memory, [kept.table for kept in ARCHIVED], lambda: world.now + later)
        self.bucket = Bucket()

    @property
    def objects(self) -> Objects:
        return in_memory(self.bucket)

    def drain(self, most: int = 50) -> "Archived":
        """Archive all that is waiting, in batches; each is delivered twice, as a stream may."""
        for kept in ARCHIVED:
            while records := self._streams.take(kept.table, most):
                for _ in range(2):
                    assert archive_changes(self.objects, kept, records).failed is None
                assert archive_changes(self.objects, kept, records[: len(records) // 2]).failed is None
        return self

    def write_to(self, folder: Path) -> None:
        for key, body in self.bucket.objects.items():
            (folder / key).parent.mkdir(parents=True, exist_ok=True)
            (folder / key).write_bytes(body)
