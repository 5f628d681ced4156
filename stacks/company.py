"""What a company asks of every stack and every resource: tags, a boundary of all roles, its own bootstrap."""

from collections.abc import Mapping
from typing import Any

from aws_cdk import App, DefaultStackSynthesizer, PermissionsBoundary, Tags

from stacks.stage import Stage

#: by which a stage is known in costs and in lists of resources
STAGE_TAG = "yawl-metering-stage"


def tags_of(stage: Stage) -> Mapping[str, str]:
    return {**stage.tags, STAGE_TAG: stage.name}


def tag_everything(app: App, stage: Stage) -> None:
    """Each resource that has tags; the stacks have them from ``stack_settings``."""
    for name, value in tags_of(stage).items():
        Tags.of(app).add(name, value)


def stack_settings(stage: Stage, *, account: str | None = None) -> dict[str, Any]:
    """Of each stack. account: where the stack goes, if not into the stage's own: a boundary that is named by another
    account's ARN cannot be had there."""
    settings: dict[str, Any] = {"tags": tags_of(stage)}
    boundary = stage.permissions_boundary
    if boundary and not boundary.startswith("arn:"):
        settings["permissions_boundary"] = PermissionsBoundary.from_name(boundary)
    elif boundary and (account is None or boundary.split(":")[4] in ("aws", account)):
        settings["permissions_boundary"] = PermissionsBoundary.from_arn(boundary)
    return settings


def synthesizer(stage: Stage) -> DefaultStackSynthesizer | None:
    """Of the bootstrap stack with the company's qualifier; None is CDK's own."""
    return DefaultStackSynthesizer(qualifier=stage.bootstrap_qualifier) if stage.bootstrap_qualifier else None
