"""``python -m tests.rights.record`` runs the deployed stages' tests, records what they use, and writes docs/rights.md.

It takes some twenty minutes. Arguments are pytest's, for example ``-k test_leaving``: then what other tests have used
stays as it was recorded.
"""

import os
import subprocess
import sys

from stacks.synth import ROOT
from tests.rights import page, recording

TESTS = ("tests/local/stage", "tests/local/whole_stage")


def main() -> int:
    """Returns the tests' exit code, or 1 for a right that is neither used nor has a reason."""
    file = ROOT / "build" / "rights" / "recorded.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    arguments = sys.argv[1:]
    if arguments and recording.RECORDED.exists():
        recording.save(recording.load(), file)
    command = [sys.executable, "-m", "pytest", *TESTS, *arguments]
    code = subprocess.run(command, cwd=ROOT, env={**os.environ, recording.VARIABLE: str(file)}, check=False).returncode
    if not file.exists():
        return code or 1
    recording.save(recording.load(file))
    return page.main() or code


if __name__ == "__main__":
    sys.exit(main())
