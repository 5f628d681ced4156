"""docs/data-model.md names the functions that write each table, as their rights do."""

import re

import pytest

from ledger.tables import ALL_TABLES
from stacks import synth
from tests.stacks.test_least_privilege import TABLES

PAGE = (synth.ROOT / "docs" / "data-model.md").read_text(encoding="utf-8")
WRITES = {"PutItem", "UpdateItem", "DeleteItem"}


@pytest.mark.parametrize("name", [table.name for table in ALL_TABLES])
def test_a_table_is_written_by_the_functions_that_may_write_it(name: str) -> None:
    """TABLES holds the templates' rights, by the tables' construct ids."""
    id_ = name.removeprefix("yawl-").title().replace("-", "")
    may = {function for function, tables in TABLES.items() if tables.get(id_, set()) & WRITES}
    section = PAGE.partition(f"\n## `{name}`")[2].partition("\n## ")[0]
    paragraph = re.search(r"^Written by: (.*?)(?:\n\n|\Z)", section, re.DOTALL | re.MULTILINE)
    assert paragraph, f"docs/data-model.md has no paragraph 'Written by: …' for {name}"
    functions = set(re.findall(r"`([a-z-]+)`", paragraph[1])) & set(TABLES)
    assert functions == may, f"docs/data-model.md, {name}: correct the functions after 'Written by:'"
