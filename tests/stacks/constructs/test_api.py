"""The HTTP API: who may call it and how often, its domain, its alarms."""

from stacks.constructs.alarms.api import add_api_alarms
from stacks.constructs.api.domain import ApiDomain
from stacks.constructs.api.rest_api import RestApi, Route
from tests.stacks.conftest import CERTIFICATE
from tests.stacks.constructs.conftest import Foreign


def rest_api(foreign: Foreign, *, of_a_company: bool = False) -> RestApi:
    return RestApi(
        foreign.stack,
        "Api",
        name="foreign",
        environment=foreign.environment,
        requests_per_second=3,
        burst=30,
        routes=[
            Route(method="GET", path="/things/{id}", to=foreign.function(), senders=True),
            Route(method="GET", path="/open/door", to=foreign.function("other"), public=True),
        ],
        senders=["arn:aws:iam::444455556666:role/engine"] if of_a_company else [],
        default_endpoint=not of_a_company,
        requests_per_address=10 if of_a_company else None,
    )


def test_iam_guards_all_but_public_routes_which_have_a_lower_throttle(foreign: Foreign) -> None:
    rest_api(foreign)
    methods = foreign.resources("AWS::ApiGateway::Method")
    assert sorted(method["AuthorizationType"] for method in methods) == ["AWS_IAM", "NONE"]
    (stage,) = foreign.resources("AWS::ApiGateway::Stage")
    limits = {
        (entry["ResourcePath"], entry["HttpMethod"]): (entry["ThrottlingRateLimit"], entry["ThrottlingBurstLimit"])
        for entry in stage["MethodSettings"]
    }
    # A public route never gets more than the stage's own limit, however small that is.
    assert limits == {("/*", "*"): (3, 30), ("/~1open~1door", "GET"): (3, 6)}


def test_a_company_has_senders_a_firewall_and_a_domain_whose_zone_it_keeps_elsewhere(foreign: Foreign) -> None:
    api = rest_api(foreign, of_a_company=True).api
    domain = ApiDomain(foreign.stack, "Domain", name="things.vendor.com", certificate_arn=CERTIFICATE, api=api)
    assert domain.url == "https://things.vendor.com/"
    assert foreign.resources("AWS::Route53::RecordSet") == []
    (deployed,) = foreign.resources("AWS::ApiGateway::RestApi")
    resources = [statement["Resource"] for statement in deployed["Policy"]["Statement"]]
    assert resources == ["execute-api:/v1/GET/open/door", "execute-api:/v1/GET/things/*"]
    (acl,) = foreign.resources("AWS::WAFv2::WebACL")
    assert '"^(/v1)?/(things)(/|$)"' in str(acl).replace("'", '"')


def test_its_alarms_read_the_access_log(foreign: Foreign) -> None:
    add_api_alarms(foreign.alarms().below("ApiAlarms"), rest_api(foreign))
    assert len(foreign.resources("AWS::Logs::MetricFilter")) == 3
    assert len(foreign.resources("AWS::CloudWatch::Alarm")) == 4


def test_a_secret_in_a_path_is_kept_out_of_logs_whoever_it_lets_in(foreign: Foreign) -> None:
    """People with a link are throttled and walled as everybody; a machine that repeats nothing is not."""
    RestApi(
        foreign.stack,
        "Api",
        name="foreign",
        environment=foreign.environment,
        requests_per_second=100,
        burst=100,
        routes=[
            Route(method="GET", path="/page/{link}", to=foreign.function(), public=True, secret_in_path=True),
            Route(
                method="GET",
                path="/machine/{secret}",
                to=foreign.function("other"),
                public=True,
                secret_in_path=True,
                full_rate=True,
            ),
        ],
        requests_per_address=10,
    )
    (stage,) = foreign.resources("AWS::ApiGateway::Stage")
    settings = {entry["ResourcePath"]: entry for entry in stage["MethodSettings"]}
    assert settings["/~1page~1{link}"]["ThrottlingRateLimit"] == 20
    assert settings["/~1machine~1{secret}"]["ThrottlingRateLimit"] == 100
    assert {settings[path]["LoggingLevel"] for path in settings if path != "/*"} == {"OFF"}
    (acl,) = foreign.resources("AWS::WAFv2::WebACL")
    assert '"^(/v1)?/(machine)(/|$)"' in str(acl).replace("'", '"')
