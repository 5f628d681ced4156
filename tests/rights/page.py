"""``python -m tests.rights.page`` writes docs/rights.md from the synthesized templates and from ``recorded.json``."""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from tempfile import TemporaryDirectory

from stacks import synth
from tests.rights import recording
from tests.rights.reasons import REASONS, Reason, reason_of
from tests.rights.recording import Use, Uses
from tests.rights.roles import Right, Roles
from tests.stacks.conftest import company_stage, dev_stage
from tests.synthesized import Assembly, context, shipped, with_engines

PAGE = synth.ROOT / "docs" / "rights.md"
WAITING = Path(__file__).with_name("waiting.json")
HEAD = """# Every right, and what proves that it is used

What every role of the synthesized templates may do: of functions, workflows, schedules and operators, of API Gateway
and AWS Backup, and of the seller's account. The templates are those of `prod` and `dev`, with YAWL engines, all books,
and [a company's settings](company.md).

The tests of the deployed stage (`tests/local/stage`, `tests/local/whole_stage`) run with IAM enforced: a call that its
role does not allow fails there. What they used is named by the first test that did (and the number of the others).
What no local run can show has a reason with its source, below. A right that is **not shown yet** waits for a test that
uses it (`tests/rights/waiting.json`); no other may be without a proof.

`python -m tests.rights.record` runs those tests and records what they use; `python -m tests.rights.page` writes this
page. `tests/stacks/test_rights.py` holds it against the templates, so that nobody adds a right without a proof.

"""
REASONS_HEAD = "## What a local run cannot show\n\n"


def assemblies(folder: Path) -> Iterator[Assembly]:
    """The stages whose roles the page lists."""
    for name, stage in {"prod": shipped("prod"), "dev": dev_stage(), "engines": with_engines()}.items():
        yield Assembly.of(stage, folder / name)
    yield Assembly.of(company_stage(), folder / "company")
    synth.build(company_stage(), context={**context(), "seller": "true"}, out=folder / "seller").synth()
    yield Assembly(company_stage(), folder / "seller")


def rights_of(found: Iterable[Assembly]) -> set[Right]:
    """All rights of these stages."""
    return {right for assembly in found for right in Roles(assembly).rights()}


def unproved(rights: Iterable[Right], uses: Mapping[Right, Use]) -> list[Right]:
    """Those that no test used, and for which there is no reason."""
    return [right for right in sorted(rights) if right not in uses and reason_of(right) is None]


def waiting() -> list[Right]:
    """Those that wait for their proof (``waiting.json``): the page names each, and no other may be without one."""
    return sorted(Right(*each) for each in json.loads(WAITING.read_text(encoding="utf-8")))


def page(rights: Iterable[Right], uses: Uses) -> str:
    """The page's text."""
    named: dict[str, Reason] = {}
    parts = [HEAD]
    for role, own in groupby(sorted(rights), key=attrgetter("role")):
        parts.append(f"## {role[0].upper()}{role[1:]}\n\n| action | on | proof |\n| --- | --- | --- |\n")
        for right in own:
            parts.append(f"| `{right.action}` | {right.on} | {_proof(right, uses, named)} |\n")
        parts.append("\n")
    parts.append(REASONS_HEAD)
    for name in [each for each in REASONS if each in named]:
        parts.append(f"### {named[name].title}\n\n{named[name].text}\n\n")
    return "".join(parts).rstrip() + "\n"


def _proof(right: Right, uses: Uses, named: dict[str, Reason]) -> str:
    if use := uses.get(right):
        others = f" and {use.count - 1} more" if use.count > 1 else ""
        return f"`{use.tests[0].replace('.py::', '`: `')}`{others}"
    name = reason_of(right)
    if name is None:
        return "**not shown yet**"
    named[name] = REASONS[name]
    return f"[{REASONS[name].title}](#{_anchor(REASONS[name].title)})"


def _anchor(title: str) -> str:
    return "".join(each for each in title.lower().replace(" ", "-") if each.isalnum() or each == "-")


def main() -> int:
    """Write the page; 1 if a right has neither a proof nor a reason and does not wait for one."""
    with TemporaryDirectory() as folder:
        rights = rights_of(assemblies(Path(folder)))
        kept = rights | rights_of([Assembly.of(shipped("local"), Path(folder) / "local")])
    # What a role lost is no longer recorded.
    uses = {right: use for right, use in recording.load().items() if right in kept}
    recording.save(uses)
    PAGE.write_text(page(rights, uses), encoding="utf-8")
    idle = sorted({*unproved(rights, uses)} ^ {*waiting()})
    for right in idle:
        print(f"not used and not in {WAITING.name}, or used and there: {right.role}: {right.action} on {right.on}")
    return int(bool(idle))


if __name__ == "__main__":
    sys.exit(main())
