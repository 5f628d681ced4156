"""What the function ``read-access-log`` works with, put together from its settings."""

from typing import Any, cast

from botocore.exceptions import ClientError

from runtime import aws
from runtime.settings import ReadAccessLogSettings
from yawl.access_logs.count_object import AccessLogs
from yawl.access_logs.notice import LogObject, UnreadableAccessLog
from yawl.access_logs.read_object import Stream
from yawl.reconcile.assembly import Parts

#: Errors of Amazon S3 after which a repetition fails alike: the object is gone, out of reach, or archived.
_NOT_GIVEN = {"NoSuchKey", "NoSuchBucket", "AccessDenied", "InvalidObjectState"}


def access_logs(settings: ReadAccessLogSettings) -> AccessLogs:
    """The counter of a stage's access logs."""
    parts = Parts(settings)
    return AccessLogs(
        engines=parts.engines.all,
        read=Bucket(aws.client("s3")).read,
        state_of=lambda engine: parts.state(engine.database),
        sender=parts.sender,
    )


class Bucket:
    """Reads objects of Amazon S3."""

    def __init__(self, s3: Any) -> None:
        """s3: botocore's client."""
        self._s3 = s3

    def read(self, found: LogObject) -> Stream:
        """The object's body, to be read part by part. Raises UnreadableAccessLog if S3 does not give it."""
        try:
            return cast(Stream, self._s3.get_object(Bucket=found.bucket, Key=found.key)["Body"])
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in _NOT_GIVEN:
                raise UnreadableAccessLog(f"Amazon S3 does not give it: {code}") from error
            raise
