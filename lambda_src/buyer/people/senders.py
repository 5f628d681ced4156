"""The ways to people: a topic of Amazon SNS to the vendor's, Amazon SES to a buyer; and the queue to this room."""

import json
from email.utils import formataddr
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from buyer.people.moments import Mail
from runtime import aws

#: A request of a buyer's app waits while a refusal is passed on.
_SOON = Config(connect_timeout=1, read_timeout=1, retries={"total_max_attempts": 1})


class VendorTopic:
    """The topic to which the vendor's people subscribe by e-mail."""

    def __init__(self, topic_arn: str, client: Any = None) -> None:
        self._topic_arn = topic_arn
        self._client = client or aws.client("sns")

    def send(self, mail: Mail) -> None:
        """Publish a mail. Raises botocore's errors."""
        self._client.publish(TopicArn=self._topic_arn, Subject=mail.subject, Message=mail.text)


class BuyerMail:
    """Amazon SES, from one sender. vendor: its name, which mail programs show."""

    def __init__(self, sender: str, vendor: str, client: Any = None) -> None:
        self._sender = formataddr((vendor, sender))
        self._client = client or aws.client("sesv2")

    def send(self, address: str, mail: Mail) -> None:
        """Send a mail. Raises botocore's errors."""
        self._client.send_email(
            FromEmailAddress=self._sender,
            Destination={"ToAddresses": [address]},
            Content={
                "Simple": {
                    "Subject": {"Data": mail.subject, "Charset": "UTF-8"},
                    "Body": {"Text": {"Data": mail.text, "Charset": "UTF-8"}},
                }
            },
        )


class PeopleQueue:
    """The queue of moments. url: empty where nobody is told."""

    def __init__(self, url: str, client: Any = None) -> None:
        """client: None makes one for the first refusal, since most functions never see one."""
        self._url = url
        self._client = client

    def refused(self, customer: str | None, code: str, now: float) -> None:
        """Tell of a refused hand-over or link, once a day for each buyer and code. A message that is lost costs a mail
        and no more: the metric counts the refusal."""
        if not self._url:
            return
        detail = {"code": code, **({"customerIdentifier": customer} if customer else {})}
        once = f"refused#{customer}#{code}#{int(now // 86400)}"
        body = {"id": once, "detail-type": "HandoverRefused", "detail": detail}
        try:
            self._client = self._client or aws.client("sqs", config=_SOON)
            self._client.send_message(QueueUrl=self._url, MessageBody=json.dumps(body))
        except (ClientError, BotoCoreError):
            return
