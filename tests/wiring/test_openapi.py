"""docs/openapi.yaml says what the templates and the code do: routes, who may call, codes, limits."""

from importlib import import_module
from typing import Any, get_args

import pytest
import yaml

from buyer import link_account
from buyer.registration import arrival, contact
from ledger.metering_record import RANK
from ledger.subscriber import SubscriptionStatus
from marketplace.billing_identity import BILLING_KEY
from marketplace.usage_allocations import MAX_KEY, MAX_TAGS, MAX_VALUE
from stacks.synth import ROOT
from tests.api.gateway import FUNCTIONS, routes
from tests.synthesized import Assembly
from tests.wiring.test_errors_page import of_the_api
from usage import judge_event, request, usage_event, verdict, view_usage

DESCRIPTION = yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text(encoding="utf-8"))
SCHEMAS = DESCRIPTION["components"]["schemas"]
METHODS = ("get", "head", "post", "put", "patch", "delete", "options")
OPERATIONS = {
    (method.upper(), path): operation
    for path, item in DESCRIPTION["paths"].items()
    for method, operation in item.items()
    if method in METHODS
}


@pytest.fixture(scope="module")
def deployed(prod: Assembly) -> dict[tuple[str, str], tuple[bool, str]]:
    """Of each route of the template: whether it is signed, and the module of its function."""
    resources = dict(prod.resources("AWS::ApiGateway::Resource", stack="Doors"))
    functions = dict(prod.resources("AWS::Lambda::Function"))

    def path_of(reference: Any) -> str:
        if "Ref" not in reference:
            return ""
        resource = resources[reference["Ref"]]["Properties"]
        return f"{path_of(resource['ParentId'])}/{resource['PathPart']}"

    def module_of(integration: Any) -> str:
        handler: str = functions[prod.called(integration["Uri"])]["Properties"]["Handler"]
        return handler.rpartition(".")[0]

    return {
        (method["HttpMethod"], path_of(method["ResourceId"])): (
            method["AuthorizationType"] == "AWS_IAM",
            module_of(method["Integration"]),
        )
        for method in prod.properties("AWS::ApiGateway::Method", stack="Doors")
    }


def test_every_deployed_route_is_described_and_no_other(deployed: dict[tuple[str, str], tuple[bool, str]]) -> None:
    assert set(OPERATIONS) == set(deployed)


def test_every_route_has_its_function(deployed: dict[tuple[str, str], tuple[bool, str]]) -> None:
    served = {route: name for name in FUNCTIONS for route in routes(import_module(name))}
    assert served == {route: module for route, (_, module) in deployed.items()}


def test_signed_routes_are_described_as_signed(deployed: dict[tuple[str, str], tuple[bool, str]]) -> None:
    signed = {route: operation.get("security") != [] for route, operation in OPERATIONS.items()}
    assert signed == {route: signed for route, (signed, _) in deployed.items()}


def codes(schema: Any) -> set[str]:
    """The error codes that a part of the description names."""
    if isinstance(schema, list):
        return set().union(*(codes(part) for part in schema))
    if not isinstance(schema, dict):
        return set()
    code = schema.get("code")
    named = {code["const"]} if isinstance(code, dict) and "const" in code else set()
    named |= set(code["enum"]) if isinstance(code, dict) and "enum" in code else set()
    return named.union(*(codes(part) for part in schema.values()))


def test_every_code_of_a_described_route_is_described() -> None:
    """Unknown routes and methods of described routes have no place in a description."""
    assert codes(DESCRIPTION) == of_the_api() - {"method_not_allowed"}


def test_words_are_those_of_the_code() -> None:
    assert set(SCHEMAS["Reason"]["enum"]) == set(get_args(judge_event.Reason))
    outcomes = [word for kind in SCHEMAS["Verdict"]["oneOf"] for word in kind["properties"]["verdict"]["enum"]]
    assert sorted(outcomes) == sorted(get_args(verdict.Outcome))
    assert set(SCHEMAS["Line"]["properties"]["verdict"]["enum"]) == {"pending", *RANK}
    statuses = SCHEMAS["SubscriptionStatus"]["enum"]
    assert statuses == list(get_args(SubscriptionStatus))


def test_limits_are_those_of_the_code() -> None:
    event, void = SCHEMAS["UsageEvent"]["properties"], SCHEMAS["Void"]["properties"]
    assert SCHEMAS["CustomerIdentifier"]["pattern"] == f"^{BILLING_KEY.pattern}$"
    assert event["id"]["pattern"] == void["void"]["pattern"] == f"^{usage_event._ID.pattern}$"
    assert set(event) == usage_event._FIELDS
    assert set(void) == usage_event._VOID_FIELDS
    assert SCHEMAS["UsageRequest"]["properties"]["events"]["maxItems"] == request.MAX_EVENTS
    assert SCHEMAS["Usage"]["properties"]["hours"]["maxItems"] == view_usage.LIMIT
    assert event["tags"]["maxProperties"] == MAX_TAGS
    assert f"{{1,{MAX_KEY}}}" in event["tags"]["propertyNames"]["pattern"]
    assert f"{{1,{MAX_VALUE}}}" in event["tags"]["additionalProperties"]["pattern"]
    fields = SCHEMAS["Registration"]["properties"]
    assert fields["email"]["maxLength"] == contact.LONGEST_EMAIL
    assert fields["company"]["maxLength"] == fields["name"]["maxLength"] == contact.LONGEST_NAME
    assert SCHEMAS["Account"]["pattern"] == f"^{link_account.ACCOUNT.pattern}$"
    token = SCHEMAS["Arrival"]["properties"]["x-amzn-marketplace-token"]
    assert token["maxLength"] == fields["token"]["maxLength"] == arrival.LONGEST_TOKEN
