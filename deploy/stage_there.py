"""A stage as it is in its account: its stacks, what they consist of, what they say of themselves."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from deploy.reader import Reader
from deploy.stacks_there import StackThere, stacks_there
from deploy.target import Target
from stacks.stage import Stage


class Resource(NamedTuple):
    """One resource of a deployed stack; ``name`` is its physical id."""

    region: str
    logical_id: str
    type: str
    name: str


@dataclass(frozen=True, kw_only=True)
class StageThere:
    """What is asked is asked once, when it is needed. reached_at: the API's address from here, if it is another one."""

    target: Target
    reached_at: str | None = None

    @property
    def stage(self) -> Stage:
        return self.target.stage

    @cached_property
    def reader(self) -> Reader:
        return Reader(self.target.session, self.stage.region)

    @cached_property
    def stacks(self) -> tuple[StackThere, ...]:
        return tuple(stacks_there(self.target))

    def output(self, stack: str, name: str) -> str | None:
        """``stack``: Doors, Metering, ..."""
        for there in self.stacks:
            if there.complete and there.name.endswith(f"-{stack}") and name in there.outputs:
                return there.outputs[name]
        return None

    @property
    def named_url(self) -> str | None:
        """The API's address as buyers and senders know it; None before there is one. No slash at its end."""
        if self.stage.domain is not None and self.output("Doors", "ApiUrl"):
            return f"https://{self.stage.domain.name}"
        url = self.output("Doors", "ApiUrl")
        return url.rstrip("/") if url else None

    @property
    def api_url(self) -> str | None:
        """Where to call the API from here."""
        return self.reached_at.rstrip("/") if self.reached_at else self.named_url

    @property
    def schedule_group(self) -> str:
        """Of all its schedules."""
        return self.output("Metering", "ScheduleGroupName") or "default"

    @cached_property
    def resources(self) -> tuple[Resource, ...]:
        """Of all stacks that were complete once; those without a name (deleted, never made) are left out."""
        found = []
        for stack in (stack for stack in self.stacks if stack.complete):
            listed = self.reader.ask("cloudformation", "list_stack_resources", region=stack.region, StackName=stack.id)
            found += [
                Resource(stack.region, entry["LogicalResourceId"], entry["ResourceType"], entry["PhysicalResourceId"])
                for entry in listed["StackResourceSummaries"]
                if entry.get("PhysicalResourceId") and entry["ResourceStatus"] != "DELETE_COMPLETE"
            ]
        return tuple(found)

    def of_type(self, *types: str) -> list[Resource]:
        return [resource for resource in self.resources if resource.type in types]
