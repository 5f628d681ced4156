"""The page behind a signed link: who may call it, what no log may hold, and what it may read."""

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.stacks.test_doors_stack import method_settings, routes
from tests.synthesized import Assembly, as_list, shipped, with_engines

PAGE = ("GET /usage-page/{link}", "HEAD /usage-page/{link}")
#: Lambda quotas, "Environment variables".
LARGEST_ENVIRONMENT = 4096


@pytest.fixture(scope="module")
def with_page(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """A stage with the page, without engines, so that nothing else has a secret in its path."""
    page = with_engines().usage_page
    stage = replace(shipped("prod"), usage_page=page, firewall_requests=300)
    return Assembly.of(stage, tmp_path_factory.mktemp("with-page"))


def test_a_stage_without_the_page_has_no_route_function_or_secret_of_it(prod: Assembly) -> None:
    assert not [route for route in routes(prod) if "usage-page" in route]
    assert "usage-page" not in prod.functions()
    assert not [r for _, r in prod.resources("AWS::SecretsManager::Secret") if "usage pages" in json.dumps(r)]


def test_the_link_is_all_that_a_buyer_needs(with_page: Assembly, prod: Assembly) -> None:
    more = {route: how for route, how in routes(with_page).items() if route not in routes(prod)}
    assert more == dict.fromkeys(PAGE, "NONE")


def test_no_log_and_no_trace_of_the_api_holds_a_link(with_page: Assembly) -> None:
    """API Gateway's traces hold the address as called, and its execution log may."""
    for route in PAGE:
        settings = method_settings(with_page)[route]
        assert (settings["LoggingLevel"], settings["DataTraceEnabled"]) == ("OFF", False)
        assert settings["MetricsEnabled"] is True
    assert method_settings(with_page)["GET /register"]["LoggingLevel"] == "ERROR"
    (stage,) = with_page.properties("AWS::ApiGateway::Stage")
    assert not stage.get("TracingEnabled")
    fields = set(json.loads(stage["AccessLogSetting"]["Format"]).values())
    assert not fields & {"$context.path", "$context.customDomain.basePathMatched", "$context.identity.userAgent"}


def test_the_page_is_throttled_and_walled_like_every_page_for_buyers(with_page: Assembly) -> None:
    for route in PAGE:
        settings = method_settings(with_page)[route]
        assert settings["ThrottlingRateLimit"] == with_page.stage.requests_per_second // 5
        assert settings["ThrottlingBurstLimit"] == with_page.stage.request_burst // 5
    (acl,) = with_page.properties("AWS::WAFv2::WebACL")
    assert "usage-page" not in json.dumps(acl), "the firewall spares the routes that it names"
    assert '"SampledRequestsEnabled": true' not in json.dumps(acl)


def test_it_has_copies_of_its_own(with_page: Assembly) -> None:
    copies = {
        name: function["ReservedConcurrentExecutions"]
        for name, function in with_page.functions().items()
        if "ReservedConcurrentExecutions" in function
    }
    assert copies["usage-page"] == copies["registration"] == with_page.stage.public_concurrency


def secrets_of(assembly: Assembly, function: str) -> set[Any]:
    return {
        json.dumps(resource)
        for statement in assembly.policies_of(function)
        if "secretsmanager:GetSecretValue" in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
    }


def test_its_secret_is_that_of_its_links_alone(with_page: Assembly) -> None:
    own = secrets_of(with_page, "usage-page")
    assert len(own) == 1
    assert own <= secrets_of(with_page, "buyer-usage")
    assert not own & secrets_of(with_page, "registration")
    assert secrets_of(with_page, "access") == set()
    readers = {name for name in with_page.functions() if own & secrets_of(with_page, name)}
    assert readers == {"usage-page", "buyer-usage"}


@pytest.mark.parametrize("function", ["access", "usage-page"])
def test_it_writes_nothing(with_page: Assembly, function: str) -> None:
    actions = {a for s in with_page.policies_of(function) for a in as_list(s["Action"]) if a.startswith("dynamodb:")}
    assert actions
    assert actions <= {"dynamodb:GetItem", "dynamodb:Query"}


@pytest.mark.parametrize("function", ["access", "usage-page", "buyer-usage"])
def test_its_variables_fit_lambda(with_page: Assembly, function: str) -> None:
    variables = with_page.functions()[function]["Environment"]["Variables"]
    size = sum(len(name) + len(value if isinstance(value, str) else "x" * 120) for name, value in variables.items())
    assert size < LARGEST_ENVIRONMENT
