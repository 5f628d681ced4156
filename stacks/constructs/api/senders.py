"""The resource policy of a REST API, which lets callers of other accounts in.

IAM combines it with the policies of the caller's own account. A caller of the API's account needs one of the two; a
caller of another account needs both. A route without authorization has this policy alone, which closes the route unless
it names it (API Gateway Developer Guide, "How API Gateway resource policies affect authorization workflow", tables A
and B). A principal that does not exist makes the whole policy invalid.
"""

import re
from collections.abc import Iterable, Sequence

from aws_cdk import aws_iam as iam


def resource_policy(
    *, stage: str, public: Iterable[str], senders: Sequence[str], routes: Iterable[str]
) -> iam.PolicyDocument:
    """The policy that lets other accounts' senders in.

    public: ``METHOD /path`` of routes that stay open to all. senders: ARNs of roles and users that may call ``routes``.
    """
    return iam.PolicyDocument(
        statements=[
            _allow([iam.AnyPrincipal()], stage, public),
            _allow([iam.ArnPrincipal(arn) for arn in senders], stage, routes),
        ]
    )


def _allow(principals: Sequence[iam.IPrincipal], stage: str, routes: Iterable[str]) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        principals=list(principals),
        actions=["execute-api:Invoke"],
        # The API's own id cannot stand in its policy; API Gateway puts it in front.
        resources=[f"execute-api:/{stage}/{_resource(route)}" for route in routes],
    )


def _resource(route: str) -> str:
    """``GET /subscribers/{id}/usage`` → ``GET/subscribers/*/usage``."""
    method, path = route.split(" ")
    return method + re.sub(r"\{[^}]+\}", "*", path)
