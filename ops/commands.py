"""Every command, in the order in which ``ops --help`` shows them. A new one is one line here."""

from ops.archive.archive_tables import archive_tables
from ops.archive.restore_archive import restore_archive
from ops.command import Command
from ops.explain.explain import explain
from ops.read.actions import actions
from ops.read.backlog import backlog
from ops.read.customer import customer
from ops.read.failed import failed
from ops.read.findings import findings
from ops.read.hour import hour
from ops.read.pending import pending
from ops.read.status import status
from ops.read.usage import usage

READING = (
    Command("status", status),
    Command("pending", pending),
    Command("customer", customer),
    Command("hour", hour),
    Command("failed", failed),
    Command("explain", explain),
    Command("backlog", backlog),
    Command("usage", usage),
    Command("findings", findings),
    Command("actions", actions),
)

#: Each returns a ``Change``.
CHANGING: tuple[Command, ...] = (
    Command("archive-tables", archive_tables, changes=True),
    Command("restore-archive", restore_archive, changes=True),
)

COMMANDS = (*READING, *CHANGING)
