"""``make record``: writes down what this release is; part of making one. See the package."""

import json
import tempfile
from pathlib import Path

from stacks import stage as stages
from tests.releases import last, names
from tests.synthesized import STAGES, Assembly, shipped


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        production = Assembly.of(shipped("prod"), Path(folder) / "prod")
        text = json.dumps(names.names_of(production), indent=2, sort_keys=True)
        names.RECORD.write_text(f"{text}\n", encoding="utf-8")
        # its functions name the file of their clock, which is another one in each test
        local = stages.load("local", folder=STAGES).with_clock_offset_file(last.CLOCK)
        last.write(Assembly.of(local, Path(folder) / "local").folder)
    print(f"written: {names.RECORD.name}, {last.RECORD.name}")


if __name__ == "__main__":
    main()
