"""Who a buyer is, in his own words: e-mail address, company and name, cleaned and bounded. Pure.

Names are people's own: what a script or an emoji is made of stays, what hides or reorders other text goes.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

from runtime.api_error import bad_request

#: RFC 5321, 4.5.3.1.3: a path has at most 256 octets, brackets included
LONGEST_EMAIL = 254
LONGEST_NAME = 200
#: ZERO WIDTH NON-JOINER and JOINER: Persian, Indic scripts (Malayalam ends words so) and emoji families are written
#: with them (Unicode Standard, 23.2, "Cursive Connection and Ligatures")
JOINERS = "\u200c\u200d"
#: format characters that are seen, or shape what is: signs before numbers, a vowel of Mongolian, joiners of hieroglyphs
_SEEN = re.compile("[\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u180e\U000110bd\U000110cd\U00013430-\U0001343f]")
#: flags of England, Scotland, Wales: a black flag, its tags, and the end of tags (Unicode TR 51, ED-14a)
_FLAG = re.compile("\U0001f3f4[\U000e0030-\U000e007a]+\U000e007f")
#: of an address. Before the @ anything that needs no quotes (RFC 5322 atext, RFC 6532: any script); behind it labels
#: of any script, the last of them no number. Whether an address exists only a mail can tell
_LOCAL = r"[^@\s\x00-\x20<>\"(),:;\\\[\]\x7f]{1,64}"
_LABEL = r"(?!-)[^\x00-\x2c\x2f\x3a-\x40\x5b-\x60\x7b-\x7f\s.]{1,63}(?<!-)"
_EMAIL = re.compile(rf"{_LOCAL}@(?:{_LABEL}\.)+(?!\d+$)(?=..){_LABEL}")


@dataclass(frozen=True)
class Contact:
    """Who registers. Empty where not given; an e-mail address always is."""

    email: str = field(repr=False)
    company: str = field(default="", repr=False)
    name: str = field(default="", repr=False)


def contact(posted: Mapping[str, str]) -> Contact:
    """The contact data, cleaned. Raises ApiError bad_request, which names the field."""
    email = _bounded("email", cleaned(posted.get("email", "")), LONGEST_EMAIL)
    # pasted with an address; in a name of a domain they mean something
    plain = email.translate(dict.fromkeys(map(ord, JOINERS)))
    email = plain if plain.isascii() else email
    if not _EMAIL.fullmatch(email):
        raise bad_request("An e-mail address is needed, for example ann@example.com.", "email")
    return Contact(
        email,
        _bounded("company", cleaned(posted.get("company", "")), LONGEST_NAME),
        _bounded("name", cleaned(posted.get("name", "")), LONGEST_NAME),
    )


def cleaned(text: str) -> str:
    """Composed (NFC), single blanks, nothing invisible but what a word is made of; no word of joiners alone."""
    flags = {place for flag in _FLAG.finditer(text) for place in range(*flag.span())}
    kept = "".join(char if place in flags else _kept(char) for place, char in enumerate(text))
    return " ".join(word for word in unicodedata.normalize("NFC", kept).split() if word.strip(JOINERS))


def _kept(char: str) -> str:
    """The character, a blank where it parts words, or nothing. What Python's tables do not know yet stays: it may be
    younger than they are."""
    kind = unicodedata.category(char)
    # a control character, any blank or line's end, ZERO WIDTH SPACE
    if kind in ("Cc", "Zs", "Zl", "Zp") or char == "\u200b":
        return " "
    # marks of direction and order, tags, soft hyphens, half a surrogate pair
    hidden = kind == "Cs" or (kind == "Cf" and char not in JOINERS and not _SEEN.match(char))
    return "" if hidden else char


def _bounded(name: str, text: str, longest: int) -> str:
    if len(text) > longest:
        raise bad_request(f"This field is too long: {name}.", name, longest=longest)
    return text
