"""A billing adjustment request: worked out from the line, printed, and sent only when told, as one request."""

from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.session import get_session
from botocore.validate import ParamValidator

from ops.command import Command
from ops.line_id import parse_line
from ops.read.actions import actions
from ops.refused import Refused
from ops.repair.adjust import adjust, amount_of, choose, token
from ops.stage import OpenStage
from tests.ops.answers import AnswersOfAws
from tests.ops.test_reading import printed
from tests.scenarios.world import START, World

ADJUST = Command("adjust", adjust, changes=True)
LISTING = ("marketplace-agreement", "list_agreement_invoice_line_items")
SENDING = ("marketplace-agreement", "batch_create_billing_adjustment_request")
INVOICE = {"invoiceId": "i-1", "pricingCurrencyAmount": {"amount": "100", "maxAdjustmentAmount": "50"}}
DIMENSION = "workflow_executions"


@pytest.fixture
def line(world: World, aws: AnswersOfAws) -> str:
    """A line of 5 that is billed, and its month's invoice."""
    buyer = world.buyer()
    world.change(buyer, agreementId="agmt-1")
    world.report(world.event(buyer, "a", 5))
    world.next_run()
    assert world.billed(buyer) == 5
    aws.answers |= {
        LISTING: {"agreementInvoiceLineItemGroupSummaries": [INVOICE]},
        SENDING: {"items": [{"billingAdjustmentRequestId": "ba-1", "clientToken": "t"}], "errors": []},
    }
    return f"{buyer}/2026-11-15T08:00Z/{DIMENSION}"


def sent(aws: AnswersOfAws) -> list[dict[str, Any]]:
    return [request for service, operation, request in aws.asked if (service, operation) == SENDING]


def apply(stage: OpenStage, line: str, **given: Any) -> str:
    return printed(ADJUST.run(stage, line=line, apply=True, why="counted twice", send=True, price="0.25", **given))


def test_the_request_is_printed_and_not_sent(seen: OpenStage, aws: AnswersOfAws, line: str) -> None:
    shown = printed(ADJUST.run(seen, line=line, units="2", price="0.25", send=True))
    assert '"adjustmentAmount": "0.5"' in shown
    assert "It is part of the invoice i-1." in shown
    with pytest.raises(Refused, match="only together with --send"):
        ADJUST.run(seen, line=line, units="2", price="0.25", apply=True, why="w")
    assert sent(aws) == []


def test_it_is_sent_when_told_in_the_services_own_shape(seen: OpenStage, aws: AnswersOfAws, line: str) -> None:
    assert "ba-1" in apply(seen, line, units="2")
    (request,) = sent(aws)
    assert request.pop("region") == "us-east-1"
    (entry,) = request["billingAdjustmentRequestEntries"]
    assert (entry["agreementId"], entry["originalInvoiceId"], entry["adjustmentReasonCode"]) == (
        "agmt-1",
        "i-1",
        "INCORRECT_METERING",
    )
    model: Any = get_session().get_service_model("marketplace-agreement")
    shape = model.operation_model("BatchCreateBillingAdjustmentRequest").input_shape
    assert not ParamValidator().validate(request, shape).has_errors()
    outcome, noted = actions(seen, line.split("/")[0]).data["actions"]
    assert (noted["command"], noted["target"]) == ("adjust", line)
    assert outcome["change"] == {"outcome": {"billingAdjustmentRequestId": "ba-1"}}


def test_no_more_than_the_line_is_ever_asked_for(seen: OpenStage, aws: AnswersOfAws, line: str) -> None:
    apply(seen, line, units="2")
    with pytest.raises(Refused, match="at most 3 are left"):
        apply(seen, line, everything=True)
    apply(seen, line, units="3")
    with pytest.raises(Refused, match="at most 0 are left"):
        apply(seen, line, units="1")


def test_what_marketplace_refuses_may_be_asked_for_again(seen: OpenStage, aws: AnswersOfAws, line: str) -> None:
    good = aws.answers[SENDING]
    aws.answers[SENDING] = {
        "items": [],
        "errors": [{"code": "VALIDATION_EXCEPTION", "message": "no", "clientToken": "t"}],
    }
    with pytest.raises(Refused, match="VALIDATION_EXCEPTION"):
        apply(seen, line, everything=True)
    aws.answers[SENDING] = good
    apply(seen, line, everything=True)


def test_a_request_whose_answer_was_lost_is_sent_again_under_its_token(
    seen: OpenStage, aws: AnswersOfAws, line: str
) -> None:
    good = aws.answers[SENDING]
    aws.answers[SENDING] = EndpointConnectionError(endpoint_url="https://agreement")
    with pytest.raises(EndpointConnectionError):
        apply(seen, line, everything=True)
    aws.answers[SENDING] = good
    apply(seen, line, everything=True)
    first, second = (request["billingAdjustmentRequestEntries"][0]["clientToken"] for request in sent(aws))
    assert first == second
    with pytest.raises(Refused, match="at most 0 are left"):
        apply(seen, line, everything=True)


def test_a_request_that_marketplace_has_is_not_taken_for_another_one(
    seen: OpenStage, aws: AnswersOfAws, line: str
) -> None:
    apply(seen, line, units="2")
    with pytest.raises(Refused, match="has this request already"):
        apply(seen, line, units="2")
    assert len(sent(aws)) == 1
    apply(seen, line, units="1")
    with pytest.raises(Refused, match="at most 2 are left"):
        apply(seen, line, units="3")


def test_of_two_people_who_ask_at_once_no_more_than_the_line_is_adjusted(
    seen: OpenStage, aws: AnswersOfAws, line: str
) -> None:
    who = aws.answers["sts", "get_caller_identity"]

    def asks_after_the_other_one(**_request: Any) -> Any:
        aws.answers["sts", "get_caller_identity"] = who
        apply(seen, line, units="4")
        return who

    # The caller is asked for after the check, and before the entry is written.
    aws.answers["sts", "get_caller_identity"] = asks_after_the_other_one
    with pytest.raises(Refused, match="at most 1 are left"):
        apply(seen, line, units="3")
    assert len(sent(aws)) == 1


def test_without_an_invoice_nothing_is_sent(seen: OpenStage, aws: AnswersOfAws, line: str) -> None:
    aws.answers[LISTING] = {"agreementInvoiceLineItemGroupSummaries": []}
    assert "not issued yet" in printed(ADJUST.run(seen, line=line, units="2", price="0.25"))
    with pytest.raises(Refused, match="not issued yet"):
        apply(seen, line, units="2")
    assert sent(aws) == []


@pytest.mark.parametrize(
    "given", [{"units": "6"}, {"units": "0"}, {"units": "x"}, {}, {"units": "1", "everything": True}]
)
def test_units_are_those_of_the_line(seen: OpenStage, line: str, given: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="--units"):
        apply(seen, line, **given)


def test_what_is_not_billed_is_not_adjusted(world: World, seen: OpenStage) -> None:
    buyer = world.buyer()
    world.report(world.event(buyer, "a", 5))
    world.now = START + 4200
    world.sealer.seal_hour(buyer, int(START))
    with pytest.raises(Refused, match=r"is not billed \(pending\)"):
        ADJUST.run(seen, line=f"{buyer}/2026-11-15T08:00Z/{DIMENSION}", everything=True)


def test_a_repeat_has_the_same_token_and_nothing_else_has(line: str) -> None:
    named = parse_line(line)
    assert token(named, "i", Decimal("2.0")) == token(named, "i", Decimal(2))
    others = {token(named, "i", Decimal(3)), token(named, "j", Decimal(2)), token(named, "i", Decimal(2))}
    assert len(others) == 3
    assert all(len(each) <= 64 for each in others)


def test_an_amount_is_never_rounded_up() -> None:
    assert amount_of(Decimal("0.3"), Decimal("0.00000005")) == Decimal("0.00000001")


@pytest.mark.parametrize(
    ("ids", "wanted", "amount", "chosen"),
    [
        (["i-1"], "", "50", "i-1"),
        (["i-1"], "", "50.01", ""),
        (["i-1", "i-2"], "", "1", ""),
        (["i-1", "i-2"], "i-2", "1", "i-2"),
        (["i-1"], "i-3", "1", ""),
    ],
)
def test_which_invoice_is_adjusted(ids: list[str], wanted: str, amount: str, chosen: str) -> None:
    assert choose([{**INVOICE, "invoiceId": each} for each in ids], wanted, Decimal(amount))[0] == chosen
