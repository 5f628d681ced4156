"""Every command, in the order in which ``ops --help`` shows them. A new one is one line here."""

from ops.command import Command
from ops.read.actions import actions

READING = (Command("actions", actions),)

#: Each returns a ``Change``.
CHANGING: tuple[Command, ...] = ()

COMMANDS = (*READING, *CHANGING)
