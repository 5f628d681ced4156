"""Doors of a company: senders in other accounts, a domain of its own, a web ACL in front of the public routes."""

import re
from typing import Any

from tests.stacks.conftest import CERTIFICATE, ENGINE, OPERATOR
from tests.stacks.queue_policies import statements
from tests.stacks.test_doors_stack import routes
from tests.synthesized import Assembly, as_list
from usage.reporters import to_json

# --- senders ----------------------------------------------------------------------------------------------------------


def let_in(assembly: Assembly) -> dict[str, set[str]]:
    """``POST/usage`` → who is let in by the API's resource policy."""
    (api,) = assembly.properties("AWS::ApiGateway::RestApi")
    found: dict[str, set[str]] = {}
    for statement in api["Policy"]["Statement"]:
        assert (statement["Effect"], statement["Action"]) == ("Allow", "execute-api:Invoke")
        for resource in as_list(statement["Resource"]):
            route = resource.removeprefix("execute-api:/v1/")
            found.setdefault(route, set()).update(as_list(statement["Principal"]["AWS"]))
    return found


def test_public_routes_stay_open_where_a_resource_policy_is(company: Assembly) -> None:
    """A route without authorization has nothing but the policy: one that does not name it closes it."""
    public = {
        re.sub(r"\{[^}]+\}", "*", route.replace(" ", "")) for route, how in routes(company).items() if how == "NONE"
    }
    assert public
    assert {route for route, who in let_in(company).items() if who == {"*"}} == public


def test_reporters_may_report_and_read_usage_and_nothing_else(company: Assembly) -> None:
    signed = {route: who for route, who in let_in(company).items() if who != {"*"}}
    assert signed == {
        "POST/usage": {ENGINE, OPERATOR},
        "GET/subscribers/*/usage": {ENGINE, OPERATOR},
    }
    assert routes(company)["POST /usage"] == "AWS_IAM", "a caller still signs"


def test_without_reporters_there_is_no_policy_that_could_close_a_route(prod: Assembly) -> None:
    (api,) = prod.properties("AWS::ApiGateway::RestApi")
    assert "Policy" not in api


def test_a_changed_policy_is_deployed(company: Assembly, prod: Assembly) -> None:
    """API Gateway asks for a new deployment; CDK makes one whenever the API's resource differs."""
    (one,), (other,) = (
        [name for name, _ in assembly.resources("AWS::ApiGateway::Deployment")] for assembly in (company, prod)
    )
    assert one != other


def usage_senders(assembly: Assembly) -> list[dict[str, Any]]:
    (queue,) = [name for name, _ in assembly.resources("AWS::SQS::Queue", stack="Doors") if name[:-8] == "UsageQueue"]
    return [entry for entry in statements(assembly, queue) if entry["Effect"] == "Allow"]


def test_a_reporter_whose_id_is_known_may_send_to_the_usage_queue(company: Assembly, prod: Assembly) -> None:
    """The function could not recognize a sender without a known id, so SQS refuses it at once."""
    (statement,) = usage_senders(company)
    assert (statement["Action"], statement["Principal"]) == ("sqs:SendMessage", {"AWS": ENGINE})
    assert usage_senders(prod) == []


def test_the_functions_of_both_doors_have_the_reporters_as_a_setting(company: Assembly, prod: Assembly) -> None:
    for assembly, told in ((company, to_json(company.stage.reporters)), (prod, "[]")):
        functions = assembly.functions()
        for name in ("usage", "usage-queue"):
            assert functions[name]["Environment"]["Variables"]["REPORTERS"] == told


# --- domain -----------------------------------------------------------------------------------------------------------


def test_the_api_has_its_own_name_and_no_other(company: Assembly, prod: Assembly) -> None:
    (domain,) = company.properties("AWS::ApiGateway::DomainName")
    assert domain["DomainName"] == "metering.vendor.com"
    assert domain["RegionalCertificateArn"] == CERTIFICATE
    assert domain["EndpointConfiguration"] == {"Types": ["REGIONAL"]}
    assert domain["SecurityPolicy"] == "TLS_1_2"
    (mapping,) = company.properties("AWS::ApiGateway::BasePathMapping")
    assert "BasePath" not in mapping
    for assembly, closed in ((company, True), (prod, None)):
        (api,) = assembly.properties("AWS::ApiGateway::RestApi")
        assert api.get("DisableExecuteApiEndpoint") is closed


def test_the_api_url_is_the_domain(company: Assembly) -> None:
    outputs = company.template("Doors")["Outputs"]
    assert outputs["ApiUrl"]["Value"] == "https://metering.vendor.com/"
    assert outputs["DomainTarget"]["Value"]["Fn::GetAtt"][1] == "RegionalDomainName"


def test_a_zone_of_ours_gets_the_record(company: Assembly) -> None:
    (record,) = company.properties("AWS::Route53::RecordSet")
    assert (record["Name"], record["Type"], record["HostedZoneId"]) == ("metering.vendor.com.", "A", "Z0123456789")
    assert record["AliasTarget"]["DNSName"]["Fn::GetAtt"][1] == "RegionalDomainName"


# --- firewall ---------------------------------------------------------------------------------------------------------


def rules(assembly: Assembly) -> dict[str, dict[str, Any]]:
    (acl,) = assembly.properties("AWS::WAFv2::WebACL")
    return {rule["Name"]: rule for rule in acl["Rules"]}


def scope_of(rule: dict[str, Any]) -> str:
    """The pattern of paths that a rule leaves alone."""
    (statement,) = rule["Statement"].values()
    match = statement["ScopeDownStatement"]["NotStatement"]["Statement"]["RegexMatchStatement"]
    assert match["FieldToMatch"] == {"UriPath": {}}
    return str(match["RegexString"])


def test_the_web_acl_stands_before_the_apis_stage(company: Assembly, prod: Assembly) -> None:
    (association,) = company.properties("AWS::WAFv2::WebACLAssociation")
    (stage,) = [name for name, _ in company.resources("AWS::ApiGateway::Stage")]
    assert {"Ref": stage} in association["ResourceArn"]["Fn::Join"][1]
    assert prod.properties("AWS::WAFv2::WebACL") == [], "it costs, so it is asked for"


def test_an_address_has_so_many_requests_in_five_minutes(company: Assembly) -> None:
    rule = rules(company)["RequestsPerAddress"]
    rate = rule["Statement"]["RateBasedStatement"]
    assert (rate["Limit"], rate["EvaluationWindowSec"], rate["AggregateKeyType"]) == (300, 300, "IP")
    assert rule["Action"] == {"Block": {"CustomResponse": {"ResponseCode": 429}}}
    assert min(rules(company).values(), key=lambda each: each["Priority"]) == rule


def test_no_rule_touches_a_signed_route_and_every_rule_all_others(company: Assembly) -> None:
    """Senders behind one NAT address are many, and 256 KB of usage look like an attack to the managed rules. An
    engine's secret in the path stands for a signature."""
    for rule in rules(company).values():
        pattern = scope_of(rule)
        for route, how in routes(company).items():
            path = re.sub(r"\{[^}]+\}", "l-0123", route.split(" ")[1])
            # The path begins with the stage at the default endpoint, not at the API's own domain.
            for asked in (path, f"/v1{path}"):
                assert bool(re.match(pattern, asked)) == (how == "AWS_IAM" or path.startswith("/yawl/")), asked
        for other in ("/", "//usage", "/usages", "/%75sage", "/v2/usage", "/x/usage", "/register/", "/v1/v1/usage"):
            assert not re.match(pattern, other), other


def test_a_token_of_any_length_and_a_program_without_a_name_pass(company: Assembly) -> None:
    group = rules(company)["AWSManagedRulesCommonRuleSet"]["Statement"]["ManagedRuleGroupStatement"]
    counted = {entry["Name"] for entry in group["RuleActionOverrides"] if entry["ActionToUse"] == {"Count": {}}}
    assert {"SizeRestrictions_BODY", "GenericRFI_BODY", "CrossSiteScripting_BODY", "NoUserAgent_HEADER"} <= counted
    assert all(name.endswith(("_BODY", "NoUserAgent_HEADER")) for name in counted), "all else turns away"


def test_the_firewall_keeps_nothing_of_a_request(company: Assembly) -> None:
    (acl,) = company.properties("AWS::WAFv2::WebACL")
    for each in (acl, *acl["Rules"]):
        assert each["VisibilityConfig"]["SampledRequestsEnabled"] is False
    assert company.properties("AWS::WAFv2::LoggingConfiguration") == []
