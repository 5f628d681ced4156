"""A mutant's place survives whatever changes no behaviour, and is refused where it is missing or there twice."""

from pathlib import Path

import pytest

from tests.simulation.mutants.mutation import Mutant, mutated

SOURCE = '''
LIMIT = 10 * 60

class Door:
    def open(self, key):
        """A docstring."""
        held = self.read(  # a comment
            key=key,
        )
        if held and key:
            return {"held": held, "names": [*self.names(), key]}
        return None

    def close(self, key):
        return self.read(key=key)
'''


def _after(tmp_path: Path, where: str, old: str, new: str, also: tuple[tuple[str, str], ...] = ()) -> str:
    (tmp_path / "room").mkdir()
    (tmp_path / "room" / "door.py").write_text(SOURCE, encoding="utf-8")
    path, text = mutated(Mutant("id", "what", where, old, new, also), code=tmp_path)
    assert path == Path("room/door.py")
    return text


@pytest.mark.parametrize(
    ("where", "old", "new", "expected"),
    [
        ("Door.open", "held and key", "held", "if held:"),
        ("Door.open", "self.read(key=key)", "None", "held = None"),
        ("Door.open", "key=key", "key=key or 1", "self.read(key=key or 1)"),
        ("Door.open", "*self.names()", "", "[key]"),
        ("Door.close", "return self.read(key=key)", "", "pass"),
        ("LIMIT", "10 * 60", "0", "LIMIT = 0"),
    ],
)
def test_an_anchor_is_found_in_any_layout(tmp_path: Path, where: str, old: str, new: str, expected: str) -> None:
    assert expected in _after(tmp_path, where, old, new)


def test_several_replacements_are_made_in_one_place(tmp_path: Path) -> None:
    text = _after(tmp_path, "Door.open", "held and key", "held", also=(("return None", "return 0"),))
    assert "if held:" in text
    assert "return 0" in text


@pytest.mark.parametrize(("where", "old"), [("Door.open", "missing"), ("Door.shut", "key"), ("Door", "key=key")])
def test_an_anchor_that_is_absent_or_ambiguous_is_refused(tmp_path: Path, where: str, old: str) -> None:
    with pytest.raises(ValueError, match="times"):
        _after(tmp_path, where, old, "None")
