"""A web ACL for a REST API's public routes: AWS's managed rules, and a limit of requests from one address.

No rule looks at routes that IAM guards: API Gateway checks the signature before anything runs, many senders may share
an address (NAT), and a rule would take usage for an attack: a source named ``http://10.0.0.7/engine``, or 256 KB of
events. The same goes for a route that a secret in its path guards: an engine announces hundreds of things a minute,
with addresses of services and pieces of XML in them.
"""

import re
from collections.abc import Iterable

from aws_cdk import aws_wafv2 as waf
from constructs import Construct

#: AWS WAF Developer Guide, "AWS Managed Rules rule groups list".
MANAGED = ("AWSManagedRulesCommonRuleSet", "AWSManagedRulesKnownBadInputsRuleSet")
#: Rules of the common set that only count. A body holds a registration token, which is long and of any characters, and
#: a name that people write as they like; the function bounds it and the page escapes it. Programs that register buyers
#: send no User-Agent.
COUNTED = (
    "SizeRestrictions_BODY",
    "EC2MetaDataSSRF_BODY",
    "GenericLFI_BODY",
    "GenericRFI_BODY",
    "CrossSiteScripting_BODY",
    "NoUserAgent_HEADER",
)
#: Seconds over which WAF counts an address's requests.
WINDOW = 300
TOO_MANY_REQUESTS = 429


class Firewall(Construct):
    """It keeps nothing of a request: no log, no samples. CloudWatch has the numbers by rule."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        stage_arn: str,
        stage_name: str,
        signed: Iterable[str],
        requests_per_address: int,
    ) -> None:
        """The firewall guards the API's stage of that ARN. signed: the first parts of the paths that IAM or a secret
        guards; any other path is public.

        requests_per_address: in about five minutes (AWS counts every ten seconds or so); the firewall answers more with
        429.
        """
        super().__init__(scope, id_)
        self._public = _public(stage_name, signed)
        acl = waf.CfnWebACL(
            self,
            "Acl",
            scope="REGIONAL",
            default_action=waf.CfnWebACL.DefaultActionProperty(allow={}),
            visibility_config=_seen(id_),
            rules=[
                self._rate_rule(requests_per_address),
                *(self._managed_rule(name, priority) for priority, name in enumerate(MANAGED, start=1)),
            ],
        )
        waf.CfnWebACLAssociation(self, "Association", resource_arn=stage_arn, web_acl_arn=acl.attr_arn)

    def _rate_rule(self, limit: int) -> waf.CfnWebACL.RuleProperty:
        statement = waf.CfnWebACL.RateBasedStatementProperty(
            limit=limit, aggregate_key_type="IP", evaluation_window_sec=WINDOW, scope_down_statement=self._public
        )
        refuse = waf.CfnWebACL.BlockActionProperty(
            custom_response=waf.CfnWebACL.CustomResponseProperty(response_code=TOO_MANY_REQUESTS)
        )
        return waf.CfnWebACL.RuleProperty(
            name="RequestsPerAddress",
            priority=0,
            statement=waf.CfnWebACL.StatementProperty(rate_based_statement=statement),
            action=waf.CfnWebACL.RuleActionProperty(block=refuse),
            visibility_config=_seen("RequestsPerAddress"),
        )

    def _managed_rule(self, name: str, priority: int) -> waf.CfnWebACL.RuleProperty:
        counted = [
            waf.CfnWebACL.RuleActionOverrideProperty(
                name=rule, action_to_use=waf.CfnWebACL.RuleActionProperty(count={})
            )
            for rule in COUNTED
        ]
        group = waf.CfnWebACL.ManagedRuleGroupStatementProperty(
            vendor_name="AWS",
            name=name,
            rule_action_overrides=counted if name == MANAGED[0] else None,
            scope_down_statement=self._public,
        )
        return waf.CfnWebACL.RuleProperty(
            name=name,
            priority=priority,
            statement=waf.CfnWebACL.StatementProperty(managed_rule_group_statement=group),
            override_action=waf.CfnWebACL.OverrideActionProperty(none={}),
            visibility_config=_seen(name),
        )


def _public(stage_name: str, signed: Iterable[str]) -> waf.CfnWebACL.StatementProperty:
    """All but the signed routes. The path begins with the stage at the API's default endpoint, not at its own domain.
    WAF matches it as it was sent, so that another spelling of a signed route is public, and not a way around."""
    first_parts = "|".join(re.escape(part) for part in sorted(set(signed)))
    match = waf.CfnWebACL.RegexMatchStatementProperty(
        regex_string=rf"^(/{stage_name})?/({first_parts})(/|$)",
        field_to_match=waf.CfnWebACL.FieldToMatchProperty(uri_path={}),
        text_transformations=[waf.CfnWebACL.TextTransformationProperty(priority=0, type="NONE")],
    )
    is_signed = waf.CfnWebACL.StatementProperty(regex_match_statement=match)
    return waf.CfnWebACL.StatementProperty(not_statement=waf.CfnWebACL.NotStatementProperty(statement=is_signed))


def _seen(metric: str) -> waf.CfnWebACL.VisibilityConfigProperty:
    return waf.CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, metric_name=metric, sampled_requests_enabled=False
    )
