"""Every command, in the order in which ``ops --help`` shows them. A new one is one line here."""

from ops.archive.archive_tables import archive_tables
from ops.archive.restore_archive import restore_archive
from ops.buyer.erase_buyer import erase_buyer
from ops.buyer.export_buyer import export_buyer
from ops.command import Command
from ops.explain.explain import explain
from ops.month.close import close
from ops.month.export import export
from ops.month.import_usage import import_usage
from ops.read.actions import actions
from ops.read.backlog import backlog
from ops.read.customer import customer
from ops.read.failed import failed
from ops.read.findings import findings
from ops.read.hour import hour
from ops.read.pending import pending
from ops.read.status import status
from ops.read.usage import usage
from ops.repair.adjust import adjust
from ops.repair.finding import close_finding
from ops.repair.held import refuse_line, release_line
from ops.repair.lines import carry_line, retry_line, write_off_line
from ops.repair.migrate import migrate
from ops.repair.pause import pause, pauses, resume
from ops.repair.redrive import redrive
from ops.repair.void import void
from ops.restore.restore_changes import restore_changes
from ops.restore.restore_fence import restore_fence
from ops.restore.restore_record import restore_record

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
    Command("pauses", pauses),
    Command("export", export, over_mcp=False),
    Command("export-buyer", export_buyer, over_mcp=False),
)

#: Each returns a ``Change``.
CHANGING: tuple[Command, ...] = (
    Command("archive-tables", archive_tables, changes=True),
    Command("restore-archive", restore_archive, changes=True),
    Command("erase-buyer", erase_buyer, changes=True),
    Command("restore-changes", restore_changes, changes=True),
    Command("restore-fence", restore_fence, changes=True),
    Command("restore-record", restore_record, changes=True),
    Command("retry", retry_line, changes=True),
    Command("carry", carry_line, changes=True),
    Command("write-off", write_off_line, changes=True),
    Command("release", release_line, changes=True),
    Command("refuse", refuse_line, changes=True),
    Command("redrive", redrive, changes=True),
    Command("pause", pause, changes=True),
    Command("resume", resume, changes=True),
    Command("void", void, changes=True),
    Command("adjust", adjust, changes=True),
    Command("close-finding", close_finding, changes=True),
    Command("migrate", migrate, changes=True),
    Command("close", close, changes=True, over_mcp=False),
    Command("import", import_usage, changes=True, over_mcp=False),
)

COMMANDS = (*READING, *CHANGING)
