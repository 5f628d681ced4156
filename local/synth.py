"""Runs ``stacks.synth`` as a child process that ends with its parent."""

import sys

from local.cloud.stdin_end import end_with_stdin
from stacks.synth import main

if __name__ == "__main__":
    end_with_stdin()
    sys.exit(main())
