"""How ``make test`` shares the tests out over several processes (pytest-xdist).

The tests of a file stay together, in their order, since they share what the file has made. Files that share something
expensive (the deployed stage, a whole run, assemblies made by jsii) are one unit, so that one process makes it once.
The longest unit begins first, and the short ones fill up at the end.
"""

from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

#: Folders and files by what they share (fixtures in conftest.py), the longest unit first.
UNITS = {
    "the deployed stage": ("tests/local/stage/", "tests/local/pages/test_registration_page.py"),
    "an account, and the CDK's command line": ("tests/local/deploy/",),
    "assemblies of shipped stages": ("tests/stacks/", "tests/wiring/", "tests/alarms/"),
    "whole runs": ("tests/local/test_run.py", "tests/local/pages/test_run_page.py"),
    "a cloud with the probe": ("tests/local/cloud/",),
}
#: Single files take long here, so they begin before all others.
LONG = ("tests/local/", "tests/simulation/", "tests/properties/", "tests/client/", "tests/packages/", "tests/api/")


def unit_of(nodeid: str) -> str:
    """The name of the unit that a test belongs to: one of UNITS, or its file."""
    file = nodeid.partition("::")[0]
    return next((unit for unit, places in UNITS.items() if file.startswith(places)), file)


def rank(unit: str) -> int:
    """Units of a lower rank begin earlier."""
    if unit in UNITS:
        return list(UNITS).index(unit)
    return len(UNITS) + (0 if unit.startswith(LONG) else 1)


class InUnits(LoadScopeScheduling):  # type: ignore[misc]  # xdist carries no types
    """An idle process gets the next unit by rank; of equals, the one with the most tests."""

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid)

    def _assign_work_unit(self, node: WorkerController) -> None:
        self.workqueue.move_to_end(min(self.workqueue, key=rank), last=False)
        super()._assign_work_unit(node)
