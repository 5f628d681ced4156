"""What a company requires of every stack: tags, a boundary of all roles, its own bootstrap."""

from collections.abc import Mapping
from typing import Any

from aws_cdk import App, DefaultStackSynthesizer, PermissionsBoundary, Tags

from stacks.stage import Stage

#: Costs and lists of resources show a stage by this tag.
STAGE_TAG = "yawl-metering-stage"


def tags_of(stage: Stage) -> Mapping[str, str]:
    """The stage's own tags and the tag of its name."""
    return {**stage.tags, STAGE_TAG: stage.name}


def tag_everything(app: App, stage: Stage) -> None:
    """Tag each resource that can have tags; stacks get theirs from ``stack_settings``."""
    for name, value in tags_of(stage).items():
        Tags.of(app).add(name, value)


def stack_settings(stage: Stage, *, account: str | None = None) -> dict[str, Any]:
    """Arguments of each stack. account: the stack's, if it is not the stage's. A boundary with another account's ARN
    does not exist there."""
    settings: dict[str, Any] = {"tags": tags_of(stage)}
    boundary = stage.permissions_boundary
    if boundary and not boundary.startswith("arn:"):
        settings["permissions_boundary"] = PermissionsBoundary.from_name(boundary)
    elif boundary and (account is None or boundary.split(":")[4] in ("aws", account)):
        settings["permissions_boundary"] = PermissionsBoundary.from_arn(boundary)
    return settings


def synthesizer(stage: Stage) -> DefaultStackSynthesizer | None:
    """The synthesizer for the bootstrap stack with the company's qualifier; None is CDK's default."""
    return DefaultStackSynthesizer(qualifier=stage.bootstrap_qualifier) if stage.bootstrap_qualifier else None
