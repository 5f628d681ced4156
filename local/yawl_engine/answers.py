"""What the interfaces answer with, and the texts that they share."""

from dataclasses import dataclass
from xml.sax.saxutils import escape

from local.yawl_engine.log import Event, Logged

SUCCESS = "<success/>"
NO_SESSION = "<failure><reason>Invalid or expired session.</reason></failure>"
NO_ROWS = "<failure>No rows returned.</failure>"
UNKNOWN_KEY = "<failure>Unknown key.</failure>"


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    body: str
    status: int = 200
    kind: str = "text/xml;charset=UTF-8"
    location: str | None = None


class ServletFailure(Exception):
    """An exception that reaches Tomcat, which answers 500 with a page. The message is the exception's."""


def page_of_failure(message: str) -> Answer:
    """Tomcat's page of an exception; it alone escapes its text."""
    title = "HTTP Status 500 \u2013 Internal Server Error"
    body = (
        f'<!doctype html><html lang="en"><head><title>{title}</title></head><body><h1>{title}</h1><hr class="line" />'
        f"<p><b>Type</b> Exception Report</p><p><b>Message</b> {escape(message)}</p><p><b>Description</b> The server "
        "encountered an unexpected condition that prevented it from fulfilling the request.</p></body></html>"
    )
    return Answer(body, 500, "text/html;charset=utf-8")


def reason(text: str) -> str:
    """A failure of interfaces A and B."""
    return f"<failure><reason>{text}</reason></failure>"


def specification(logged: Logged) -> str:
    """A specification in the log."""
    s = logged.specification
    return (
        f'<specification key="{logged.key}"><id><identifier>{s.identifier}</identifier>'
        f"<version>{s.version}</version><uri>{s.uri}</uri></id>"
        f"<rootnetkey>{logged.net}</rootnetkey></specification>"
    )


def event(row: Event) -> str:
    """An event in the log."""
    return (
        f'<event key="{row.key}"><instanceKey>{row.instance}</instanceKey><descriptor>{row.descriptor}</descriptor>'
        f"<timestamp>{row.at_ms}</timestamp><serviceKey>{row.service}</serviceKey>"
        f"<rootNetInstanceKey>{row.instance}</rootNetInstanceKey></event>"
    )


def durations(name: str, milliseconds: list[int]) -> str:
    """The statistics' longest, shortest and average time."""
    average = sum(milliseconds) // len(milliseconds) if milliseconds else 0
    figures = {"Max": max(milliseconds, default=0), "Min": min(milliseconds, default=0), "Avg": average}
    return "".join(
        f"<{name}{which}time>{_duration(figure) if milliseconds else 'N/A'}</{name}{which}time>"
        for which, figure in figures.items()
    )


def _duration(milliseconds: int) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return f"{days}:{hours:02d}:{minutes:02d}:{seconds:02d}.{rest:04d}"
