"""The functions of one stack: what they have in common stands once, and each of them is one ``add``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Unpack

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from runtime.settings import Settings
from stacks.constructs.functions.access import Access
from stacks.constructs.functions.environment import FunctionEnvironment
from stacks.constructs.functions.function import Function


@dataclass(frozen=True, kw_only=True)
class Functions:
    """Adds functions that share what stands here.

    settings: every setting that a function may ask for, by name; it gets those that its class names. seller_role_arn:
    see ``Function.allow_marketplace``. timeout: of each function that has no other. made: the functions so far, by id.
    """

    scope: Construct
    code: lambda_.Code
    environment: FunctionEnvironment
    settings: Mapping[str, str]
    timeout: Duration
    seller_role_arn: str | None = None
    made: dict[str, Function] = field(default_factory=dict)

    def with_settings(self, **settings: str) -> "Functions":
        """A copy that has values of further settings, too."""
        return replace(self, settings={**self.settings, **settings})

    def add(
        self,
        id_: str,
        handler: str,
        settings: type[Settings],
        description: str,
        *,
        service: str | None = None,
        calls: Sequence[str] = (),
        timeout: Duration | None = None,
        memory_mb: int = 512,
        reserved_concurrency: int | None = None,
        own_loop: bool = False,
        **access: Unpack[Access],
    ) -> Function:
        """Make a function, with the rights that it asks for.

        service: the first part of the handler, if it is None. calls: actions of AWS Marketplace. The other arguments
        are those of ``Function`` and ``Access``. Raises KeyError for a setting without a value.
        """
        function = Function(
            self.scope,
            id_,
            code=self.code,
            handler=handler,
            service=service or handler.split(".")[0],
            settings=settings(**{name: self.settings[name] for name in settings.names()}),
            environment=self.environment,
            description=description,
            timeout=timeout or self.timeout,
            memory_mb=memory_mb,
            reserved_concurrency=reserved_concurrency,
            own_loop=own_loop,
        )
        function.allow(**access)
        if calls:
            function.allow_marketplace(*calls, seller_role_arn=self.seller_role_arn)
        self.made[id_] = function
        return function
