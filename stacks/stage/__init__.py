"""A stage: everything that differs between deployments, read from ``stages/<name>.toml`` and checked.

Every fault ends as one line that names file, key and remedy (``StageError``).
"""

from stacks.stage.read import load, names
from stacks.stage.section import StageError
from stacks.stage.settings import Stage

__all__ = ["Stage", "StageError", "load", "names"]
