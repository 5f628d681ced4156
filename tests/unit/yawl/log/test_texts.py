"""Texts of the log gateways are taken apart exactly as the gateways put them together."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.yawl.log.test_session import BOMB
from yawl.log import texts
from yawl.log.ports import AnswerTooLarge, UnreadableAnswer


def listed(ids: list[str], key: int = 1) -> str:
    """A list of case ids as the engine writes it."""
    return f'<cases id="Any - 0.1" key="{key}">{"".join(f"<case>{one}</case>" for one in ids)}</cases>'


def instances(rows: list[tuple[int, str, int]], key: int = 1) -> str:
    """Net instances as the engine writes them: key, case id, key of the parent task instance."""
    return (
        f'<netInstances specID="{key}">'
        + "".join(
            f'<netInstance key="{one}"><caseid>{case_id}</caseid><netKey>1</netKey>'
            f"<parentTaskInstanceKey>{parent}</parentTaskInstanceKey></netInstance>"
            for one, case_id, parent in rows
        )
        + "</netInstances>"
    )


CASE_IDS = st.text(st.sampled_from("<>&;/'\"=. 1aäß日\n") | st.characters(exclude_categories=["Cs"])) | st.sampled_from(
    ["</case>", "<case>", "</cases>", "&amp;", "]]>", "<!--", "<case/>", '" key="1">', "</caseid>", "null", "<failure>"]
)


@given(st.lists(CASE_IDS))
def test_any_case_id_comes_back_as_it_was_given(ids: list[str]) -> None:
    assert texts.case_ids(listed(ids), 1) == ids


@given(st.lists(st.tuples(st.integers(0, 99), CASE_IDS), min_size=1))
def test_any_net_instance_comes_back_under_its_case_id(rows: list[tuple[int, str]]) -> None:
    expected: dict[str, list[int]] = {}
    for key, case_id in sorted(rows):
        expected.setdefault(case_id, []).append(key)
    assert texts.net_instances(instances([(key, case_id, -1) for key, case_id in rows]), 1) == expected


def test_one_odd_id_among_ordinary_ones_hides_none_of_them() -> None:
    assert texts.case_ids(listed(["1", "x<y>&", "2"]), 1) == ["1", "x<y>&", "2"]


def test_what_is_no_case_is_left_out_of_the_net_instances() -> None:
    assert texts.net_instances(instances([(1, "7", -1), (2, "7.1", 40), (3, "7", -1)]), 1) == {"7": [1, 3]}


EVENT = (
    '<event key="1"><instanceKey>1</instanceKey><descriptor>{}</descriptor><timestamp>1</timestamp>'
    "<serviceKey>1</serviceKey><rootNetInstanceKey>1</rootNetInstanceKey></event>"
)
HTML = "<html><body>Please sign in</body></html>"


@pytest.mark.parametrize(
    "read",
    [
        texts.specifications,
        lambda text: texts.case_ids(text, 1),
        lambda text: texts.case_starts(text, "1"),
        lambda text: texts.net_instances(text, 1),
        texts.service_name,
        texts.started,
        lambda text: texts.resource_events(text, 1),
    ],
)
@pytest.mark.parametrize(
    "text",
    ["", "null", HTML, BOMB, "<a/>", "{}", "<cases", "<service>", "<specifications><specification", listed([], 2)],
)
def test_another_text_than_the_action_s_is_unreadable(read: Callable[[str], Any], text: str) -> None:
    with pytest.raises(UnreadableAnswer):
        read(text)


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (lambda text: texts.case_ids(text, 1), listed(["1", "2"])[:-1]),
        (lambda text: texts.case_ids(text, 1), listed(["1", "2"]).replace("</cases>", "")),
        (lambda text: texts.case_ids(text, 1), '<cases id="Any" key="1"><other>1</other></cases>'),
        (lambda text: texts.case_ids(text, 2), listed(["1"], 1)),
        (lambda text: texts.case_ids(text, 1), '<specification id="Any" key="1"><case>1</case></cases>'),
        (lambda text: texts.net_instances(text, 2), instances([(1, "1", -1)], 1)),
        (lambda text: texts.net_instances(text, 1), instances([(1, "1", -1)]).replace("<netKey>1", "<netKey>x")),
        (lambda text: texts.case_starts(text, "2"), f'<caseEvent caseID="1">{EVENT.format("CaseStart")}</caseEvent>'),
        (lambda text: texts.case_starts(text, "1"), f'<caseEvent caseID="1">{EVENT.format("CaseEnd")}</caseEvent>'),
        (lambda text: texts.case_starts(text, "1"), f'<caseEvent caseID="1">{EVENT.format("CaseStart")} </caseEvent>'),
        (texts.started, '<specification id="Any" key="1"><started>some</started><completed></specification>'),
        (
            lambda text: texts.resource_events(text, 1),
            '<SpecificationEvents><specification id="x"><events><event key="1"></event></events></specification>'
            "</SpecificationEvents>",
        ),
    ],
)
def test_half_a_text_and_another_row_s_are_unreadable(read: Callable[[str], Any], text: str) -> None:
    with pytest.raises(UnreadableAnswer):
        read(text)


@pytest.mark.parametrize(
    "read",
    [
        lambda: texts.case_ids(listed(["1"] * 4), 1),
        lambda: texts.net_instances(instances([(1, "1", -1)] * 4), 1),
        lambda: texts.case_starts(f'<caseEvent caseID="1">{EVENT.format("CaseStart") * 4}</caseEvent>', "1"),
    ],
)
def test_more_entries_than_the_bound_are_too_many(monkeypatch: pytest.MonkeyPatch, read: Callable[[], Any]) -> None:
    monkeypatch.setattr(texts, "MOST_ENTRIES", 4)
    read()
    monkeypatch.setattr(texts, "MOST_ENTRIES", 3)
    with pytest.raises(AnswerTooLarge, match="more than 3 entries"):
        read()
