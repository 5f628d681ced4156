"""The stage whose wiring is looked at."""

import pytest

from tests.synthesized import Assembly


@pytest.fixture(scope="session")
def prod(engines: Assembly) -> Assembly:
    """The stage with all functions takes the place of the shipped one."""
    return engines
