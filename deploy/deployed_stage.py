"""A stage as it is in its account: its stacks, their outputs and resources."""

from dataclasses import dataclass
from functools import cached_property

from deploy.aws import Aws
from deploy.deployed_stacks import DeployedStack, Resource, deployed_stacks, resources_of
from deploy.target import Target
from stacks.stage import Stage


@dataclass(frozen=True, kw_only=True)
class DeployedStage:
    """Each question is asked once, when its answer is needed.

    api_address: the API's address as seen from here, if it is another than the stack's. seller_profile: an AWS profile
    of the account that published the product, where the stage's own credentials may not look at it.
    """

    target: Target
    api_address: str | None = None
    seller_profile: str | None = None

    @property
    def stage(self) -> Stage:
        """The stage as its files have it."""
        return self.target.stage

    @property
    def aws(self) -> Aws:
        """AWS in the stage's account and Region."""
        return self.target.aws

    @cached_property
    def stacks(self) -> tuple[DeployedStack, ...]:
        """The stage's stacks in AWS, asked for once."""
        return tuple(deployed_stacks(self.target))

    def output(self, stack: str, name: str) -> str | None:
        """An output of ``Doors``, ``Metering``, ...; None while there is none."""
        for each in self.stacks:
            if each.complete and each.name.endswith(f"-{stack}") and name in each.outputs:
                return each.outputs[name]
        return None

    @property
    def named_url(self) -> str | None:
        """The API's address as buyers and senders use it, without a slash at its end; None before there is one."""
        url = self.output("Doors", "ApiUrl")
        return url.rstrip("/") if url else None

    @property
    def api_url(self) -> str | None:
        """The API's address as this machine reaches it."""
        return self.api_address.rstrip("/") if self.api_address else self.named_url

    @property
    def schedule_group(self) -> str:
        """The name of the group of the schedules that start metering."""
        return self.output("Metering", "ScheduleGroupName") or "default"

    @property
    def schedules(self) -> list[tuple[str, Resource]]:
        """The stage's schedules, each with the name of its group."""
        return [
            (stack.outputs.get("ScheduleGroupName", "default"), resource)
            for stack, resources in self._by_stack
            for resource in resources
            if resource.type == "AWS::Scheduler::Schedule"
        ]

    @cached_property
    def _by_stack(self) -> tuple[tuple[DeployedStack, list[Resource]], ...]:
        return tuple((stack, resources_of(self.aws, stack)) for stack in self.stacks if stack.complete)

    @cached_property
    def resources(self) -> tuple[Resource, ...]:
        """The resources of all stacks that were complete once."""
        return tuple(resource for _, resources in self._by_stack for resource in resources)

    def of_type(self, *types: str) -> list[Resource]:
        """The stage's resources of these CloudFormation types."""
        return [resource for resource in self.resources if resource.type in types]
