"""Bills the cases of YAWL engines that AWS cannot reach: the cloud's reconciler as a small program beside them.

The wheel brings the reconciler's code along in the folder ``project`` (pyproject.toml). That code imports its rooms by
their own names (``yawl``, ``runtime``), so the folder leads this program's path, and no other program sees these names.
In a checkout there is no such folder, and the rooms are found where they stand.
"""

import sys
from pathlib import Path

_PROJECT = Path(__file__).parent / "project"
if _PROJECT.is_dir():
    sys.path.insert(0, str(_PROJECT))
