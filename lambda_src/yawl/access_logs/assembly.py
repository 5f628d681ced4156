"""What the function ``read-access-log`` works with, put together from its settings."""

from functools import cache
from typing import TYPE_CHECKING, cast

from botocore.exceptions import ClientError

from runtime import aws
from runtime.settings import ReadAccessLogSettings
from yawl.access_logs.count_object import AccessLogs
from yawl.access_logs.notice import LogObject, UnreadableAccessLog
from yawl.access_logs.read_object import Stream
from yawl.reconcile.assembly import Parts

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

#: Errors of Amazon S3 after which a repetition fails alike: the object is gone, out of reach, or archived.
_NOT_GIVEN = {"NoSuchKey", "NoSuchBucket", "AccessDenied", "InvalidObjectState"}


def access_logs(settings: ReadAccessLogSettings) -> AccessLogs:
    """The counter of a stage's access logs."""
    parts = Parts(settings)
    return AccessLogs(
        engines=parts.engines.all,
        read=read_object,
        state_of=lambda engine: parts.state(engine.database),
        sender=parts.sender,
    )


@cache
def _s3() -> "S3Client":
    """Made with the first object: its model is a large one."""
    client: S3Client = aws.client("s3")
    return client


def read_object(found: LogObject) -> Stream:
    """The object's body, to be read part by part. Raises UnreadableAccessLog if Amazon S3 does not give it."""
    try:
        return cast(Stream, _s3().get_object(Bucket=found.bucket, Key=found.key)["Body"])
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in _NOT_GIVEN:
            raise UnreadableAccessLog(f"Amazon S3 does not give it: {code}") from error
        raise
