"""The dependency audit: what pip-audit and npm print, with and without a registry that has advisories."""

import json
from collections.abc import Callable, Sequence

import pytest

from dependencies import audit

#: As pip-audit 2 prints it; an advisory of 2023, shortened.
URLLIB3 = {
    "name": "urllib3",
    "version": "1.26.17",
    "vulns": [{"id": "PYSEC-2023-212", "fix_versions": ["1.26.18", "2.0.7"], "aliases": ["CVE-2023-45803"]}],
}
SOUND = {"name": "six", "version": "1.17.0", "vulns": []}
SKIPPED = {"name": "six", "skip_reason": "Dependency not found on PyPI and could not be audited: six (1.17.0)"}
NPM_VULNERABLE = {"vulnerabilities": {"tar": {"name": "tar", "severity": "high", "range": "<6.2.1"}}}
NPM_SOUND: dict[str, object] = {"vulnerabilities": {}}
NPM_REFUSED = {"message": "405 Method Not Allowed", "statusCode": 405}


def printing(python: object, npm: object, asked: list[str] | None = None) -> Callable[[Sequence[str]], str]:
    """Runs nothing, and prints as the two tools would."""

    def run(command: Sequence[str]) -> str:
        if asked is not None:
            asked.append(command[-1])
        printed = python if "pip-audit" in command[0] else npm
        return printed if isinstance(printed, str) else json.dumps(printed)

    return run


def test_sound_packages_pass_without_a_word(capsys: pytest.CaptureFixture[str]) -> None:
    asked: list[str] = []
    assert audit.main(printing({"dependencies": [SOUND]}, NPM_SOUND, asked), required=True) == 0
    assert capsys.readouterr().out == ""
    assert asked == [*audit.LOCKS, "--package-lock-only"]


def test_a_vulnerability_of_a_python_package_fails_and_names_the_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    assert audit.main(printing({"dependencies": [SOUND, URLLIB3]}, NPM_SOUND), required=False) == 1
    first = capsys.readouterr().out.splitlines()[0]
    expected = "urllib3 1.26.17: PYSEC-2023-212, mended in 1.26.18 or 2.0.7"
    assert first == f"✗ lambda_src/requirements.txt: {expected}"


def test_a_vulnerability_of_an_npm_package_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert audit.main(printing({"dependencies": [SOUND]}, NPM_VULNERABLE), required=False) == 1
    assert capsys.readouterr().out == "✗ package-lock.json: tar <6.2.1: high, see `npm audit`\n"


def test_an_accepted_vulnerability_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "ACCEPTED", {"PYSEC-2023-212": "we follow no redirect", "tar": "we unpack nothing"})
    assert audit.main(printing({"dependencies": [URLLIB3]}, NPM_VULNERABLE), required=True) == 0


@pytest.mark.parametrize(
    ("python", "npm"), [({"dependencies": [SKIPPED]}, NPM_REFUSED), ("", ""), ("ERROR: no route", "not JSON")]
)
def test_without_advisories_the_check_says_so_and_passes_unless_it_is_required(
    python: object, npm: object, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []
    assert audit.main(printing(python, npm, asked), required=False) == 0
    said = capsys.readouterr().out.splitlines()
    assert [line.split(" is not audited")[0] for line in said] == [f"· {audit.LOCKS[0]}", "· package-lock.json"]
    # The other locks of Python are not asked for.
    assert asked == [audit.LOCKS[0], "--package-lock-only"]
    assert audit.main(printing(python, npm), required=True) == 1


def test_a_vulnerability_counts_even_where_another_package_could_not_be_audited() -> None:
    assert audit.main(printing({"dependencies": [SKIPPED, URLLIB3]}, NPM_SOUND), required=False) == 1


def test_every_locked_file_of_the_project_is_audited() -> None:
    locked = {str(path.relative_to(audit.ROOT)) for path in audit.ROOT.glob("*requirements.txt")}
    for folder in ("lambda_src", "local", "stacks", "deploy", "agent", "client", "marketplace-local"):
        locked |= {str(path.relative_to(audit.ROOT)) for path in (audit.ROOT / folder).glob("*requirements.txt")}
    assert locked == set(audit.LOCKS)
