"""The stage's archive as a command reaches it."""

from collections.abc import Iterator
from typing import Any

from archive.objects import Objects
from ops.refused import Refused
from ops.stage import Asking, OpenStage


class AskedS3:
    """What ``archive.objects`` calls of Amazon S3, asked with the operator's credentials."""

    def __init__(self, aws: Asking) -> None:
        self._aws = aws

    def put_object(self, **request: Any) -> None:
        """PutObject."""
        self._aws.ask("s3", "put_object", **request)

    def get_object(self, **request: Any) -> dict[str, Any]:
        """GetObject."""
        return self._aws.ask("s3", "get_object", **request)

    def get_paginator(self, _operation: str) -> "AskedS3":
        """The paginator of ListObjectsV2, the only one."""
        return self

    def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
        """All pages as one."""
        yield self._aws.ask("s3", "list_objects_v2", **request)


def archive_of(stage: OpenStage) -> Objects:
    """The objects of the stage's archive. Raises Refused where the stage has none."""
    name = stage.output("Archive", "ArchiveBucketName")
    if name is None:
        raise Refused(f"{stage.settings.name} has no archive yet: make deploy STAGE={stage.settings.name}")
    return Objects(AskedS3(stage.aws), name)
