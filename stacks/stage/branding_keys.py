"""The keys of a stage file for the pages that buyers see: ``[branding]``."""

from buyer.pages.branding import LANGUAGES, Branding
from stacks.stage.compound_kinds import Table, Texts
from stacks.stage.kinds import Key, Text

_HTTPS = r"https://[^\s\"'<>;,]{1,300}"
_E_MAIL = r"[^@\s,;<>\"'/]+@[^@\s,;<>\"'/]+\.[A-Za-z]{2,}"


def _link(about: str, *, or_mail: bool = False, field: str | None = None) -> Key:
    kind = Text(
        f"{_HTTPS}|{_E_MAIL}" if or_mail else _HTTPS,
        f"set it to an https address{' or an e-mail address' if or_mail else ''}, or leave it out",
        "https address, or an e-mail address" if or_mail else "https address",
    )
    return Key(kind, about, default="", field=field)


def _colour(about: str, default: str) -> Key:
    kind = Text("#[0-9a-fA-F]{6}", 'set it to a colour as "#rrggbb", for example "#0b5cad"', "`#rrggbb`")
    return Key(kind, about, default=default)


_BRANDING = Table(
    make=Branding,
    remedy="write it as a table: vendor, accent, header, support, privacy, terms, signIn, languages",
    keys={
        "vendor": Key(
            Text(r"\S.{0,79}", "set it to your company's name, or leave it out", "text"),
            "Your company's name, at the top of every page. Left out: none.",
            default="",
        ),
        "accent": _colour("The colour of buttons and links. Its contrast with white is 4.5 or more.", Branding.accent),
        "header": _colour("The colour of the band behind the name. Its contrast with white, too.", Branding.header),
        "support": _link("Where a buyer finds help.", or_mail=True),
        "privacy": _link("Your privacy notice."),
        "terms": _link("Your terms."),
        "signIn": _link("Where a buyer signs in who has registered; with `[handover]`, the hand-over leads there."),
        "languages": Key(
            Texts(
                pattern="|".join(LANGUAGES),
                remedy='list "en", "de" or both, first the one for readers of neither',
                values="list of `en`, `de`",
                at_least=1,
            ),
            "The pages' languages. The browser chooses among them; the first one serves readers of none.",
            default=LANGUAGES,
        ),
    },
)

BRANDING_KEYS = {
    "branding": Key(
        _BRANDING, "How the [pages for buyers](api.md#registering-a-buyer) present you.", default=Branding()
    ),
}
