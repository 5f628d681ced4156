"""Which object a notice is about, and whose."""

import json
import re

import pytest

from stacks.synth import ROOT
from tests.unit.yawl.access_logs.log_lines import BUCKET, KEY, NAME, PREFIX, engine, notice
from yawl.access_logs.notice import LogObject, UnreadableAccessLog, engines_of, read_notice
from yawl.engine import AccessLogs, Engine


def test_the_event_of_a_created_object() -> None:
    found = read_notice(notice())
    assert found == LogObject(BUCKET, KEY)
    assert found.is_access_log


def test_the_notice_that_the_page_tells_people_to_send() -> None:
    page = (ROOT / "docs" / "yawl.md").read_text(encoding="utf-8")
    [body] = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    assert read_notice(body) == LogObject("your-company-balancer-logs", "AWSLogs/…/….log.gz")


@pytest.mark.parametrize(
    "body",
    [
        "",
        "null",
        "[]",
        "{}",
        '"text"',
        "[" * 100_000,
        notice().replace("aws.s3", "aws.ec2"),
        notice().replace("Object Created", "Object Deleted"),
        notice(key=""),
        notice(bucket=""),
        notice().replace(json.dumps(KEY), "7"),
        json.dumps({"Records": [{"s3": {"bucket": {"name": BUCKET}, "object": {"key": KEY}}}]}),
        json.dumps({"source": "aws.s3", "detail-type": "Object Created", "detail": None}),
    ],
)
def test_another_message_is_unreadable(body: str) -> None:
    with pytest.raises(UnreadableAccessLog):
        read_notice(body)


def test_an_object_is_named_by_bucket_and_key() -> None:
    """A copy onto itself has another ETag, and is the same traffic."""
    one, again = read_notice(notice(etag="1")), read_notice(notice(etag="2"))
    assert one.hash == again.hash
    assert len({one.hash, LogObject(BUCKET, "another").hash, LogObject("another", KEY).hash}) == 3
    assert len(one.hash) == 32


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (NAME, True),
        (NAME.replace("203.0.113.7", "2001:db8::7"), True),
        ("ELBAccessLogTestFile", False),
        (f"conn_log.{NAME}", False),
        (f"health_check_log.{NAME}", False),
        (NAME.replace("app.", "net."), False),
        (NAME.removesuffix(".gz"), False),
        (f"{NAME}.tmp", False),
        ("anything.log.gz", False),
        ("", False),
    ],
)
def test_what_is_called_an_access_log(name: str, expected: bool) -> None:
    assert LogObject(BUCKET, f"{PREFIX}/{name}").is_access_log is expected


def test_the_engines_are_those_of_the_bucket_and_the_prefix() -> None:
    def of(name: str, prefix: str, bucket: str = BUCKET) -> Engine:
        return engine(name, access_logs=AccessLogs(bucket=bucket, prefix=prefix))

    engines = [
        of("all", ""),
        of("a", "a"),
        of("a-too", "a"),
        of("a-b", "a/b"),
        of("elsewhere", "a", "another"),
        engine("none", access_logs=None),
    ]

    def names(key: str, bucket: str = BUCKET) -> list[str]:
        return [each.id for each in engines_of(LogObject(bucket, key), engines)]

    assert names(f"a/b/{KEY}") == ["a-b"]
    assert names(f"a/{KEY}") == ["a", "a-too"]
    assert names(KEY) == ["all"]
    assert names(f"ab/{KEY}") == []
    assert names(f"a/copy/{KEY}") == []
    assert names(KEY, "third") == []
    assert names("AWSLogs/123456789012/ELBAccessLogTestFile") == []
