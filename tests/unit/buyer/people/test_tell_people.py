"""The function ``tell-people``: each moment is told once, to the vendor without contact data, to the buyer in its
language; and no address is logged."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from buyer.handlers import tell_people
from buyer.pages.branding import Branding
from buyer.people.moments import BUYERS, FROM_THE_BUS, MOMENTS
from buyer.people.senders import BuyerMail, PeopleQueue, VendorTopic
from buyer.people.tell import Teller
from ledger.notices import Notices
from ledger.subscribers import Subscribers
from ledger.tables import NOTICES, SUBSCRIBERS
from local.dynamodb.store import MemoryDynamoDB
from runtime import clock
from tests.products import sold
from tests.unit.emitted import emitted
from tests.unit.log_lines import log_lines
from tests.unit.marketplace_double import refused
from tests.unit.messages import T0, Context, failed, queue

TOPIC = "arn:aws:sns:us-east-1:111122223333:vendor"
BRANDING = Branding(vendor="Vendör", support="help@vendor.com", sign_in="https://app.vendor.com/in")
ROW = {
    "customerIdentifier": "l-1",
    "integration": "license",
    "subscriptionStatus": "pending",
    "productCode": "prod",
    "registeredAt": "2026-11-15T00:00:00Z",
    "entitlements": [{"dimension": "basic_tier", "value": "1"}],
    "linkedAccount": "acct-7",
    "freeTrial": True,
    "email": "ann@acme.example",
    "company": "Acme",
    "name": "Ann",
    "language": "de",
    "version": 1,
}


@dataclass
class Service:
    """SNS and SES, as far as the senders use them."""

    sent: list[dict[str, Any]] = field(default_factory=list)
    failing: Exception | None = None

    def send(self, **request: Any) -> None:
        if self.failing is not None:
            raise self.failing
        self.sent.append(request)

    publish = send_email = send_message = send


@dataclass
class People:
    table: Any
    notices: Any
    sns: Service = field(default_factory=Service)
    ses: Service = field(default_factory=Service)

    def receive(self, *messages: dict[str, Any]) -> list[str]:
        return failed(tell_people.handler(queue(*map(json.dumps, messages)), Context()))

    def event(self, name: str, id_: str = "e-1", **detail: str) -> dict[str, Any]:
        detail = {"customerIdentifier": "l-1", "productCode": "prod"} | detail
        return {"version": "0", "id": id_, "detail-type": name, "source": "yawl-metering", "detail": detail}


@pytest.fixture
def people(monkeypatch: pytest.MonkeyPatch, dynamodb: MemoryDynamoDB) -> People:
    made = People(dynamodb.Table(SUBSCRIBERS.name), dynamodb.Table(NOTICES.name))
    made.table.put_item(Item=ROW)
    teller = Teller(
        subscribers=Subscribers(made.table),
        notices=Notices(made.notices),
        vendor=VendorTopic(TOPIC, made.sns),
        buyers=BuyerMail("hello@vendor.com", BRANDING.vendor, made.ses),
        products=sold(code="prod", title="Order Flow"),
        branding=BRANDING,
        confirm_within=3600,
    )
    monkeypatch.setattr(tell_people, "teller", lambda: teller)
    monkeypatch.setattr(clock, "now", lambda: T0)
    return made


def test_a_new_buyer_is_told_to_the_vendor_without_contact_data(people: People) -> None:
    assert people.receive(people.event("SubscriberRegistered")) == []
    (mail,) = people.sns.sent
    assert (mail["TopicArn"], mail["Subject"]) == (TOPIC, "AWS Marketplace: l-1 has registered")
    for fact in (
        "Customer: l-1",
        "Product: Order Flow",
        "Holds: basic_tier: 1",
        "Linked account: acct-7",
        "trial: yes",
    ):
        assert fact in mail["Message"]
    assert not any(value in str(mail) for value in ("ann@acme", "Acme", "Ann"))


def test_the_buyer_is_told_in_its_language(people: People) -> None:
    people.receive(people.event("SubscriberRegistered"))
    (mail,) = people.ses.sent
    assert mail["Destination"] == {"ToAddresses": ["ann@acme.example"]}
    assert mail["FromEmailAddress"].endswith(" <hello@vendor.com>") and mail["FromEmailAddress"].isascii()
    said = mail["Content"]["Simple"]
    assert said["Subject"]["Data"] == "Sie sind registriert: Order Flow"
    assert "Ihre Kundennummer: l-1" in said["Body"]["Text"]["Data"]
    assert "Anmelden: https://app.vendor.com/in" in said["Body"]["Text"]["Data"]
    assert "$" not in said["Body"]["Text"]["Data"]


def test_an_end_is_told_to_both_and_leads_to_no_sign_in(people: People) -> None:
    people.table.put_item(Item={**ROW, "language": "fr"})
    people.receive(people.event("SubscriptionEnded"))
    assert people.sns.sent[0]["Subject"] == "AWS Marketplace: l-1 has ended its subscription"
    said = people.ses.sent[0]["Content"]["Simple"]
    assert said["Subject"]["Data"] == "Your subscription has ended: Order Flow"
    assert "app.vendor.com" not in said["Body"]["Text"]["Data"]


@pytest.mark.parametrize("event", FROM_THE_BUS)
def test_the_same_event_again_tells_nobody_again(people: People, event: str) -> None:
    for _ in range(2):
        assert people.receive(people.event(event), people.event(event)) == []
    assert (len(people.sns.sent), len(people.ses.sent)) == (1, 1)
    people.receive(people.event(event, "e-2"))
    assert (len(people.sns.sent), len(people.ses.sent)) == (2, 2)


def test_what_fails_is_tried_again_and_tells_only_those_who_do_not_know(people: People) -> None:
    people.ses.failing = refused("TooManyRequestsException", "SendEmail")
    assert people.receive(people.event("SubscriberRegistered")) == ["m0"]
    assert len(people.sns.sent) == 1
    people.ses.failing = None
    assert people.receive(people.event("SubscriberRegistered")) == []
    assert (len(people.sns.sent), len(people.ses.sent)) == (1, 1)
    people.sns.failing = refused("InternalError", "Publish")
    assert people.receive(people.event("SubscriptionEnded", "e-9"), people.event("SubscriberRegistered")) == ["m0"]


@pytest.mark.parametrize("code", ["MessageRejected", "BadRequestException", "MailFromDomainNotVerifiedException"])
def test_a_mail_that_ses_does_not_take_is_counted_and_not_tried_again(
    people: People, capsys: pytest.CaptureFixture[str], code: str
) -> None:
    people.ses.failing = refused(code, "SendEmail")
    assert people.receive(people.event("SubscriberRegistered")) == []
    assert emitted(capsys) == {"MailsSent": 1, "MailsRefused": 1}
    people.ses.failing = None
    people.receive(people.event("SubscriberRegistered"))
    assert people.ses.sent == []


@pytest.mark.parametrize(
    ("address", "to"),
    [
        ("用户@例え.テスト", None),
        ("ann@bücher.example", "ann@xn--bcher-kva.example"),
        ("x@" + "a" * 70 + ".example", None),
    ],
)
def test_an_address_that_ses_cannot_reach_gets_none(people: People, address: str, to: str | None) -> None:
    people.table.put_item(Item={**ROW, "email": address})
    assert people.receive(people.event("SubscriberRegistered")) == []
    assert [mail["Destination"]["ToAddresses"] for mail in people.ses.sent] == ([[to]] if to else [])
    assert len(people.sns.sent) == 1


def test_a_buyer_without_an_address_gets_none(people: People) -> None:
    people.table.put_item(Item={name: value for name, value in ROW.items() if name != "email"})
    people.receive(people.event("SubscriberRegistered"))
    assert (len(people.sns.sent), len(people.ses.sent)) == (1, 0)


def test_a_buyer_that_is_gone_is_told_to_the_vendor(people: People) -> None:
    people.receive(people.event("SubscriptionEnded", customerIdentifier="l-gone"))
    assert "l-gone has ended" in people.sns.sent[0]["Subject"]
    assert people.ses.sent == []


def refusal(customer: str | None, code: str, now: float = T0) -> dict[str, Any]:
    service = Service()
    PeopleQueue("https://queue", service).refused(customer, code, now)
    (request,) = service.sent
    assert request["QueueUrl"] == "https://queue"
    return dict(json.loads(request["MessageBody"]))


def test_a_refused_handover_is_told_once_a_day_and_to_the_vendor_alone(people: People) -> None:
    for at in (T0, T0 + 60, T0 + 86399):
        assert people.receive(refusal("l-1", "used_handover", at)) == []
    (mail,) = people.sns.sent
    assert mail["Subject"] == "AWS Marketplace: l-1 was refused on the way into the app"
    assert "Refused: used_handover" in mail["Message"]
    people.receive(refusal("l-1", "used_handover", T0 + 86400), refusal("l-1", "linked_elsewhere"))
    people.receive(refusal(None, "invalid_handover"))
    assert [each["Subject"].split()[2] for each in people.sns.sent] == ["l-1", "l-1", "l-1", "an"]
    assert people.ses.sent == []


def test_a_refusal_is_answered_whether_or_not_anybody_is_told() -> None:
    PeopleQueue("https://queue", Service(failing=refused("AccessDenied", "SendMessage"))).refused("l-1", "c", T0)
    PeopleQueue("").refused("l-1", "c", T0)


def test_an_unconfirmed_registration_is_found_in_time_and_told_once(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    people.table.put_item(Item={**ROW, "customerIdentifier": "l-active", "subscriptionStatus": "active"})
    people.table.put_item(
        Item={n: v for n, v in ROW.items() if n != "registeredAt"} | {"customerIdentifier": "l-never"}
    )
    people.table.put_item(Item={**ROW, "customerIdentifier": "l-over", "supersededBy": "custA1"})
    for at, told in ((T0 + 3599, 0), (T0 + 3600, 1), (T0 + 9000, 1)):
        monkeypatch.setattr(clock, "now", lambda at=at: at)
        assert people.receive({"detail-type": "Look"}) == []
        assert len(people.sns.sent) == len(people.ses.sent) == told, at
    assert people.sns.sent[0]["Subject"] == "AWS Marketplace: l-1 is not confirmed"
    assert people.ses.sent[0]["Content"]["Simple"]["Subject"]["Data"] == "Wir warten auf AWS Marketplace: Order Flow"


@pytest.mark.parametrize("body", ["{", "[]", "{}", '{"detail-type": "Unknown", "id": "1", "detail": {}}'])
def test_what_cannot_be_read_becomes_a_dead_letter(people: People, body: str) -> None:
    assert failed(tell_people.handler(queue(body), Context())) == ["m0"]
    assert people.sns.sent == []


def test_no_log_line_has_an_address(people: People) -> None:
    with log_lines(tell_people.logger) as written:
        people.receive(people.event("SubscriberRegistered"))
        people.ses.failing = refused("MessageRejected", "SendEmail")
        people.receive(people.event("SubscriptionEnded"))
        people.sns.failing = RuntimeError("ann@acme.example is wrong")
        people.receive(people.event("SubscriptionEnded", "e-3"))
    said = written.getvalue()
    assert json.loads(said.splitlines()[0])["message"] == "people told"
    assert "acme" not in said and "Acme" not in said


def test_subjects_are_those_that_sns_takes() -> None:
    """ASCII, no line breaks, shorter than 100 characters (SNS API reference, Publish)."""
    from buyer.people.moments import to_vendor

    for moment in MOMENTS.values():
        subject = to_vendor(moment, "c" * 128, None, title="Ä").subject
        assert subject.isascii() and len(subject) < 100 and "\n" not in subject
    assert set(BUYERS) < set(MOMENTS.values())
    assert set(FROM_THE_BUS) < set(MOMENTS)
