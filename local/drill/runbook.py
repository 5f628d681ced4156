"""Runs the commands of docs/runbooks as they stand there.

A block that begins with three backticks and ``sh tried=<name>`` is run under that name, with a real value for each word
that the pages use as a placeholder (docs/runbooks/README.md, "Before you begin").
"""

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field

from local.cloud.accounts import SELLER_ACCOUNT
from local.stage import PROJECT, STAGE, LocalStage
from runtime.clock import OFFSET_VARIABLE

PAGES = PROJECT / "docs" / "runbooks"
_BLOCK = re.compile(r"^```sh tried=(?P<name>\S+)\n(?P<commands>.*?)^```$", re.MULTILINE | re.DOTALL)
#: A command's exit code 1 tells of trouble, which a drill expects (``bin/ops``); any higher one is a failure.
_PREFIX = "trap '[ $? -lt 2 ] || exit 2' ERR\n"
#: What only an administrator of the account may: the roles of operators are for ``bin/ops``.
_ADMINISTRATORS = re.compile(r"runbook\.sh|\baws |\bmake |restore-")
LONGEST = 180


class RunbookFailed(RuntimeError):
    """A page has no such block, or one of its commands failed; the message has what it printed."""


@dataclass(frozen=True)
class Ran:
    """A block that was run. commands: as the page has them. said: what they printed."""

    page: str
    name: str
    commands: str
    said: str


def block(page: str, name: str) -> str:
    """The commands of a page's block. Raises RunbookFailed."""
    found = {match["name"]: match["commands"] for match in _BLOCK.finditer((PAGES / f"{page}.md").read_text("utf-8"))}
    if name not in found:
        raise RunbookFailed(f"docs/runbooks/{page}.md has no block tried={name}; it has {', '.join(found) or 'none'}")
    return found[name]


def filled_in(commands: str, values: Mapping[str, str]) -> str:
    """The commands with a value for each placeholder: whole words, or whatever text a page has as its example."""
    for word, value in {"prod": STAGE, **values}.items():
        commands = re.sub(rf"(?<![\w$-]){re.escape(word)}(?![\w-])", value, commands)
    return commands


@dataclass
class Operator:
    """A person with the roles of the deployed stage, in a shell of their own. ran: every block so far."""

    stage: LocalStage
    ran: list[Ran] = field(default_factory=list)

    def follow(self, page: str, name: str, **values: str) -> str:
        """Run a block of a page, and return what it printed. Raises RunbookFailed."""
        commands = block(page, name)
        said = self.shell(filled_in(commands, values), f"docs/runbooks/{page}.md, {name}")
        self.ran.append(Ran(page, name, commands.strip(), said))
        return said

    def shell(self, commands: str, what: str) -> str:
        """Run commands, and return what they printed. what: names them in RunbookFailed."""
        environment = self._administrator() if _ADMINISTRATORS.search(commands) else self._operator()
        done = subprocess.run(  # noqa: S603 (the project's own pages)
            ["/usr/bin/env", "bash", "-c", _PREFIX + commands],
            cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=LONGEST,
        )  # fmt: skip
        if done.returncode > 1:
            raise RunbookFailed(f"{what}: {done.stderr.strip()}\n{done.stdout.strip()}")
        return done.stdout

    def _administrator(self) -> dict[str, str]:
        # A command that asks gets a yes.
        return {**self._environment(SELLER_ACCOUNT, "test", ""), "YES": "1"}

    def _operator(self) -> dict[str, str]:
        sts = self.stage.cloud.seller.client("sts")
        arn = self.stage.outputs[f"YawlMetering-{STAGE}-Operators"]["OperatorRepairRoleArn"]
        given = sts.assume_role(RoleArn=arn, RoleSessionName="on-call")["Credentials"]
        return self._environment(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])

    def _environment(self, key: str, secret: str, token: str) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", "/"),
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": secret,
            **({"AWS_SESSION_TOKEN": token} if token else {}),
            "AWS_REGION": self.stage.settings.region,
            # The first version of the AWS CLI reads this name.
            "AWS_DEFAULT_REGION": self.stage.settings.region,
            "AWS_ENDPOINT_URL": self.stage.cloud.endpoint,
            "AWS_ENDPOINT_URL_MARKETPLACE_AGREEMENT": self.stage.marketplace.url,
            "AWS_ENDPOINT_URL_CLOUDTRAIL": self.stage.marketplace.url,
            "COLUMNS": "160",
            OFFSET_VARIABLE: str(self.stage.clock.file),
        }
