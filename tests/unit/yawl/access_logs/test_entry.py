"""Lines of access logs are read as the user guide of Elastic Load Balancing says."""

import pytest

from tests.unit.yawl.access_logs.log_lines import line
from yawl.access_logs.entry import Address, Entry, address_of, read_entry

#: The user guide's own examples, each on one line; lines of today have more fields at their end.
HTTP = (
    "http 2018-07-02T22:23:00.186641Z app/my-loadbalancer/50dc6c495c0c9188 192.168.131.39:2817 10.0.0.1:80 0.000 0.001"
    ' 0.000 200 200 34 366 "GET http://www.example.com:80/ HTTP/1.1" "curl/7.46.0" - -'
    " arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/my-targets/73e2d6bc24d8a067"
    ' "Root=1-58337262-36d228ad5d99923122bbe354" "-" "-" 0 2018-07-02T22:22:48.364000Z "forward" "-" "-"'
    ' "10.0.0.1:80" "200" "-" "-"'
)
WEBSOCKET = (
    "wss 2018-07-02T22:23:00.186641Z app/my-loadbalancer/50dc6c495c0c9188 10.0.0.140:44244 10.0.0.171:8010 0.000 0.001"
    ' 0.000 101 101 218 786 "GET https://10.0.0.30:443/ HTTP/1.1" "-" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2'
)
TO_A_FUNCTION = (
    "http 2018-11-30T22:23:00.186641Z app/my-loadbalancer/50dc6c495c0c9188 192.168.131.39:2817 - 0.000 0.001 0.000"
    ' 502 - 34 366 "GET http://www.example.com:80/ HTTP/1.1" "curl/7.46.0" - -'
)


def test_the_guides_examples() -> None:
    time = "2018-07-02T22:23:00.186641Z"
    assert read_entry(HTTP) == Entry("http", time, "200", "200", 400, "GET", "http://www.example.com:80/")
    assert read_entry(WEBSOCKET) == Entry("wss", time, "101", "101", 1004, "GET", "https://10.0.0.30:443/")
    assert read_entry(TO_A_FUNCTION)[2:5] == ("502", "-", 400)


@pytest.mark.parametrize("kind", ["http", "https", "h2", "grpcs", "ws", "wss", "of_tomorrow"])
def test_every_type_is_read(kind: str) -> None:
    assert read_entry(line(kind=kind)).kind == kind


@pytest.mark.parametrize(
    "values",
    [
        {"client": "2001:db8::1:2817", "target": "2001:db8::2:8080"},
        {"target": "-", "status": "460", "target_status": "-"},
        {"tls": "- -"},
        {"agent": r"a \"quoted\" agent \x22 with [odd] parts"},
        {"agent": 'a lone " quote'},
        {"agent": "-"},
        {"more": ""},
        {"more": ' "-" "-" "-" "-" "Ambiguous" "UndefinedContentLengthSemantics" TID_1 "new.host" "/new" "ok" more'},
    ],
)
def test_what_other_fields_hold_does_not_matter(values: dict[str, str]) -> None:
    entry = read_entry(line(**values))
    assert (entry.method, entry.url, entry.size) == ("POST", "https://engine.example.com:443/yawl/ib", 1000)


def test_a_size_that_is_not_given_is_none() -> None:
    assert read_entry(line(received="-", sent=7)).size == 7


@pytest.mark.parametrize("request_line", ["- http://engine.example.com:80- -", "-", "", "- - -"])
def test_a_malformed_request_is_an_entry_without_a_method(request_line: str) -> None:
    assert read_entry(line(request=request_line, status="400", target_status="-")).method == "-"


@pytest.mark.parametrize("length", [0, 1, 40, 80, 120, 150, line().index('" "Java')])
def test_half_a_line_is_unreadable(length: int) -> None:
    """Whatever is cut off before the request's closing quote: no number is read in part."""
    with pytest.raises(ValueError) as caught:
        read_entry(line()[:length])
    assert "example" not in str(caught.value)


@pytest.mark.parametrize("values", [{"status": "2000"}, {"sent": "-5"}, {"sent": "9" * 16}, {"time": "yesterday"}])
def test_a_field_of_another_form_makes_the_line_unreadable(values: dict[str, str]) -> None:
    with pytest.raises(ValueError):
        read_entry(line(**values))


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://e.example:443/yawl/ib?a=1&b=2", Address("e.example", "443", "/yawl/ib", "a=1&b=2")),
        ("http://[2001:db8::1]:80/yawl", Address("[2001:db8::1]", "80", "/yawl", "")),
        ("https://e.example", Address("e.example", "", "", "")),
        ("https://e.example:443/a?b?c", Address("e.example", "443", "/a", "b?c")),
        ("https://:443/a", Address("", "443", "/a", "")),
        ("https://e.example:x/a", None),
        ("/yawl/ib", None),
        ("", None),
    ],
)
def test_the_parts_of_a_url(url: str, address: Address | None) -> None:
    assert address_of(url) == address
