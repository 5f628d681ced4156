"""Pages for buyers: templates and texts of one room, in the shared layout. Plain HTML, every value escaped.

A room's folder has a template for each page (``welcome.html``; files that begin with ``_`` are parts of pages) and its
texts by language (``texts/en.json``). In a template ``$name`` stands for a value and ``$t_name`` for the text ``name``,
in which ``$name`` stands for a value again. A page's title is the text ``title_<page>``.
"""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from html import escape
from pathlib import Path
from string import Template

from buyer.pages.branding import Branding

_SHARED = Path(__file__).parent

CONTENT_TYPE = "text/html; charset=utf-8"


class Html(str):
    """Text that is markup already, which ``filled`` does not escape."""

    __slots__ = ()


@dataclass(frozen=True)
class Pages:
    """The pages of one room. folder: of its templates and texts."""

    folder: Path
    branding: Branding

    def page(self, name: str, language: str, /, **values: str) -> str:
        """A whole page in a language."""
        content = self.part(name, language, **values)
        title = self.text(f"title_{name}", language, **values)
        shared = {"title": title, "vendor": self.branding.vendor}
        return self._filled(
            _read(_SHARED / "layout.html"),
            language,
            {
                **shared,
                "language": language,
                "style": Html(self._style),
                "name": Html(f"{title} · {escape(self.branding.vendor)}") if self.branding.vendor else title,
                "header": self._filled(_read(_SHARED / "_header.html"), language, shared) if shared["vendor"] else "",
                "content": content,
                "footer": self._links(language),
            },
        )

    def part(self, name: str, language: str, /, **values: str) -> Html:
        """A part of a page, to be a value of another one."""
        return self._filled(_read(self.folder / f"{name}.html"), language, values)

    def text(self, name: str, language: str, /, **values: str) -> Html:
        """A text in a language. Raises KeyError where there is none."""
        return Html(Template(self._texts(language)[name]).substitute(_Escaped(values)))

    def has_text(self, name: str, language: str) -> bool:
        """Whether there is such a text."""
        return name in self._texts(language)

    def headers(self, form_targets: Sequence[str] = (), framed_by: Sequence[str] = ()) -> dict[str, str]:
        """The headers of a page, beside those of every answer: no script at all, forms post to us and ``form_targets``
        (addresses) only, and none but ``framed_by`` (origins) frames the page."""
        forms, frames = " ".join(("'self'", *form_targets)), " ".join(framed_by) or "'none'"
        policy = (
            f"default-src 'none'; style-src 'sha256-{self._style_hash}'; form-action {forms}; base-uri 'none'; "
            f"frame-ancestors {frames}"
        )
        # X-Frame-Options names no origins, and browsers that read frame-ancestors ignore it (CSP level 3, 6.4.2).
        return {"Content-Security-Policy": policy, **({} if framed_by else {"X-Frame-Options": "DENY"})}

    def _filled(self, template: str, language: str, values: Mapping[str, str]) -> Html:
        wanted = {name for name in Template(template).get_identifiers() if name.startswith("t_")}
        said = {name: self.text(name.removeprefix("t_"), language, **values) for name in wanted}
        return Html(Template(template).substitute(_Escaped({**values, **said})))

    def _links(self, language: str) -> Html:
        links = ((name, getattr(self.branding, name)) for name in ("sign_in", "support", "privacy", "terms"))
        shown = [
            f'<li><a href="{escape(address if "://" in address else f"mailto:{address}")}">'
            f"{self.text(f'link_{name}', language)}</a></li>"
            for name, address in links
            if address
        ]
        return Html(f"<footer><ul>{''.join(shown)}</ul></footer>" if shown else "")

    def _texts(self, language: str) -> Mapping[str, str]:
        return {**texts_of(_SHARED, language), **texts_of(self.folder, language)}

    @cached_property
    def _style(self) -> str:
        colours = {"accent": self.branding.accent, "header": self.branding.header}
        return Template(_read(_SHARED / "style.css")).substitute(colours)

    @cached_property
    def _style_hash(self) -> str:
        return base64.b64encode(hashlib.sha256(self._style.encode()).digest()).decode()


class _Escaped(dict[str, str]):
    """Values for a template: text is escaped, markup is not."""

    def __getitem__(self, name: str) -> str:
        value = super().__getitem__(name)
        return value if isinstance(value, Html) else escape(value)


@cache
def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8").removesuffix("\n")


@cache
def texts_of(folder: Path, language: str) -> Mapping[str, str]:
    """The texts of a room, by name."""
    found: dict[str, str] = json.loads(_read(folder / "texts" / f"{language}.json"))
    return found
