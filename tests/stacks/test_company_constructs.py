"""What a company asks for, in a bare stack of somebody else."""

from decimal import Decimal
from pathlib import Path

from tests.stacks.conftest import CERTIFICATE, KEY
from tests.stacks.test_constructs_in_a_foreign_stack import Foreign


def test_a_domain_whose_zone_is_kept_elsewhere_has_no_record(tmp_path: Path) -> None:
    foreign = Foreign(tmp_path)
    from stacks.constructs.api_domain import ApiDomain
    from stacks.constructs.rest_api import RestApi, Route

    api = RestApi(
        foreign.stack,
        "Api",
        name="foreign",
        environment=foreign.environment,
        requests_per_second=3,
        burst=30,
        routes=[
            Route(method="GET", path="/things/{id}", to=foreign.function(), senders=True),
            Route(method="GET", path="/open", to=foreign.function("other"), public=True),
        ],
        senders=["arn:aws:iam::444455556666:role/engine"],
        default_endpoint=False,
        requests_per_address=10,
    )
    domain = ApiDomain(foreign.stack, "Domain", name="things.vendor.com", certificate_arn=CERTIFICATE, api=api.api)
    assert domain.url == "https://things.vendor.com/"
    assert foreign.resources("AWS::Route53::RecordSet") == []
    (deployed,) = foreign.resources("AWS::ApiGateway::RestApi")
    resources = [statement["Resource"] for statement in deployed["Policy"]["Statement"]]
    assert resources == ["execute-api:/v1/GET/open", "execute-api:/v1/GET/things/*"]
    (acl,) = foreign.resources("AWS::WAFv2::WebACL")
    assert '"^(/v1)?/(things)(/|$)"' in str(acl).replace("'", '"')


def test_a_key_a_budget_and_anothers_events(tmp_path: Path) -> None:
    foreign = Foreign(tmp_path)
    from stacks.constructs.dead_letters import DeadLetters
    from stacks.constructs.encryption import encrypt
    from stacks.constructs.event_access import accept_events
    from stacks.constructs.monthly_budget import MonthlyBudget

    queue = DeadLetters(foreign.stack, "Letters").queue
    queue.grant_send_messages(foreign.function().function)
    MonthlyBudget(foreign.stack, "Budget", us_dollars=Decimal("9.5"), notify=["a@vendor.com"], tag=("team", "x"))
    accept_events(foreign.stack, "Theirs", account="999988887777", source="their.source", name="Foreign")
    encrypt(foreign.stack, key_arn=KEY)
    (deployed,) = foreign.resources("AWS::SQS::Queue")
    assert deployed["KmsMasterKeyId"] == KEY
    (policy,) = foreign.resources("AWS::IAM::Policy")
    of_keys = [each for each in policy["PolicyDocument"]["Statement"] if each["Resource"] == KEY]
    assert [each["Action"] for each in of_keys] == [["kms:Decrypt", "kms:GenerateDataKey"]]
    (budget,) = foreign.resources("AWS::Budgets::Budget")
    assert budget["Budget"]["BudgetLimit"]["Amount"] == 9.5
    (bus,) = foreign.resources("AWS::Events::EventBusPolicy")
    assert bus["Statement"]["Principal"] == {
        "AWS": {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":iam::999988887777:root"]]}
    }
