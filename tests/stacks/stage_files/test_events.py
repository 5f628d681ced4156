"""``[events]`` and ``[webhook]``: what they make, and each wrong value in one line."""

from pathlib import Path

import pytest

from stacks.stage import EventSettings, StageError, WebhookSettings
from tests.stacks.stage_files.files import GOOD, load

NUMBERS = "list whole numbers from 1 to 100, for example [50, 90]"
READERS = 'list ARNs of IAM roles or users, for example ["arn:aws:iam::111122223333:role/app"]'
URL = 'set it to an https address, for example "https://app.your-company.com/aws-marketplace"'


def test_what_the_tables_say_is_in_the_stage(tmp_path: Path) -> None:
    reader = "arn:aws:iam::111122223333:role/app"
    url = "https://app.vendor.com:8443/aws/events"
    tables = f'[events]\nthresholds = [50, 100]\nqueueReaders = ["{reader}"]\n[webhook]\nurl = "{url}"\n'
    stage = load(tmp_path, f"{GOOD}\n{tables}")
    assert stage.events == EventSettings(thresholds=(50, 100), queue_readers=(reader,))
    assert stage.webhook == WebhookSettings(url=url)


def test_without_them_there_is_the_bus_alone(tmp_path: Path) -> None:
    stage = load(tmp_path, GOOD)
    assert (stage.events, stage.webhook) == (EventSettings(), None)


@pytest.mark.parametrize(
    ("written", "line"),
    [
        ("[events]\nthresholds = [0]", f"events.thresholds holds 0: {NUMBERS}"),
        ("[events]\nthresholds = [101]", f"events.thresholds holds 101: {NUMBERS}"),
        ("[events]\nthresholds = [50, 50]", "events.thresholds holds 50 twice: name it once"),
        ("[events]\nthresholds = [true]", f"events.thresholds is True, not a whole number: {NUMBERS}"),
        ("[events]\nthresholds = 50", f"events.thresholds is 50, not a list: {NUMBERS}"),
        (f"[events]\nthresholds = {list(range(1, 12))}", f"events.thresholds holds 11 entries: {NUMBERS}"),
        ('[events]\nqueueReaders = ["me"]', f"events.queueReaders holds 'me': {READERS}"),
        ("[webhook]", f"webhook.url is missing: {URL}"),
        *(
            (f'[webhook]\nurl = "{url}"', f"webhook.url is '{url}': {URL}")
            for url in (
                "http://app.vendor.com/aws",
                "https://127.0.0.1/aws",
                "https://169.254.169.254/latest",
                "https://[::1]/aws",
                "https://localhost/aws",
                "https://user@app.vendor.com/aws",
                "https://app.vendor.com/aws?secret=x",
                "https://app.vendor.com/aws#x",
                "app.vendor.com",
            )
        ),
    ],
)
def test_a_wrong_value_is_one_line(tmp_path: Path, written: str, line: str) -> None:
    with pytest.raises(StageError) as raised:
        load(tmp_path, f"{GOOD}\n{written}\n")
    assert str(raised.value) == f"stages/x.toml: {line}"


def test_only_a_stage_of_a_laptop_posts_to_it(tmp_path: Path) -> None:
    stage = load(tmp_path, GOOD)
    assert stage.with_local_webhook(None) is stage
    with pytest.raises(StageError, match="movableClock is not true: remove -c webhookUrl=http://127"):
        stage.with_local_webhook("http://127.0.0.1:8080/")
