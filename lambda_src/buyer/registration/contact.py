"""A buyer's contact data: e-mail address, company and name, as the stage asks for them, cleaned and bounded. Pure.

Names are people's own. Characters that a script or an emoji needs stay; those that hide or reorder other text go.
"""

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from runtime.api_error import bad_request

#: RFC 5321, 4.5.3.1.3: a path has at most 256 octets, brackets included.
LONGEST_EMAIL = 254
LONGEST_NAME = 200
LONGEST = {"email": LONGEST_EMAIL, "company": LONGEST_NAME, "name": LONGEST_NAME}
#: ZERO WIDTH NON-JOINER and JOINER: Persian, Indic scripts (Malayalam ends words so) and emoji families need them
#: (Unicode Standard, 23.2, "Cursive Connection and Ligatures").
JOINERS = "\u200c\u200d"
#: Format characters that are visible or shape visible ones: signs before numbers, a vowel of Mongolian, joiners of
#: hieroglyphs.
_SEEN = re.compile("[\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u180e\U000110bd\U000110cd\U00013430-\U0001343f]")
#: The flags of England, Scotland and Wales: a black flag, its tags, and the end of tags (Unicode TR 51, ED-14a).
_FLAG = re.compile("\U0001f3f4[\U000e0030-\U000e007a]+\U000e007f")
#: An address: before the @ anything that needs no quotes (RFC 5322 atext, RFC 6532: any script), behind it labels of
#: any script, of which the last is no number. Only a mail can show whether the address exists.
_LOCAL = r"[^@\s\x00-\x20<>\"(),:;\\\[\]\x7f]{1,64}"
_LABEL = r"(?!-)[^\x00-\x2c\x2f\x3a-\x40\x5b-\x60\x7b-\x7f\s.]{1,63}(?<!-)"
_EMAIL = re.compile(rf"{_LOCAL}@(?:{_LABEL}\.)+(?!\d+$)(?=..){_LABEL}")


#: What the form may ask for, in its order, and how each field may be asked for.
FIELDS: Final = ("email", "company", "name")
REQUIRED, OPTIONAL, OFF = ASKED = ("required", "optional", "off")
#: Whether each field is asked for, by its name (``[registration]`` of the stage). ``OFF``: neither shown nor kept.
Asked = Mapping[str, str]
ASKED_BY_DEFAULT: Asked = {"email": REQUIRED, "company": OPTIONAL, "name": OPTIONAL}


def asked_from_json(text: str) -> Asked:
    """The setting ``REGISTRATION_FIELDS``."""
    return dict(json.loads(text))


@dataclass(frozen=True)
class Contact:
    """The contact data of a registration. A field is empty where it was not given, or is not asked for.

    language: in which the buyer read the page.
    """

    email: str = field(default="", repr=False)
    company: str = field(default="", repr=False)
    name: str = field(default="", repr=False)
    language: str = ""


def contact(posted: Mapping[str, str], asked: Asked = ASKED_BY_DEFAULT, language: str = "") -> Contact:
    """The cleaned contact data of the posted fields. language: of the page. Raises ApiError bad_request, which names
    the field."""
    given = {name: posted.get(name, "") for name in FIELDS if asked[name] != OFF}
    found = {name: _bounded(name, cleaned(text), LONGEST[name]) for name, text in given.items()}
    if "email" in found and (found["email"] or asked["email"] == REQUIRED):
        found["email"] = _address(found["email"])
    for name, text in found.items():
        if not text and asked[name] == REQUIRED:
            raise bad_request(f"This field is needed: {name}.", name, missing=True)
    return Contact(**found, language=language)


def _address(text: str) -> str:
    # Joiners come along when an ASCII address is pasted. In a domain of another script they mean something.
    plain = text.translate(dict.fromkeys(map(ord, JOINERS)))
    email = plain if plain.isascii() else text
    if not _EMAIL.fullmatch(email):
        raise bad_request("An e-mail address is needed, for example ann@example.com.", "email")
    return email


def cleaned(text: str) -> str:
    """The text composed (NFC), with single blanks, and without invisible characters that no word needs."""
    flags = {index for flag in _FLAG.finditer(text) for index in range(*flag.span())}
    kept = "".join(char if index in flags else _kept(char) for index, char in enumerate(text))
    return " ".join(word for word in unicodedata.normalize("NFC", kept).split() if word.strip(JOINERS))


def _kept(char: str) -> str:
    """The character, a blank where it separates words, or nothing. A character that Python's tables do not know stays:
    it may be younger than they are."""
    kind = unicodedata.category(char)
    # A control character, any blank or end of a line, ZERO WIDTH SPACE.
    if kind in ("Cc", "Zs", "Zl", "Zp") or char == "\u200b":
        return " "
    # Marks of direction and order, tags, soft hyphens, half a surrogate pair.
    hidden = kind == "Cs" or (kind == "Cf" and char not in JOINERS and not _SEEN.match(char))
    return "" if hidden else char


def _bounded(name: str, text: str, longest: int) -> str:
    if len(text) > longest:
        raise bad_request(f"This field is too long: {name}.", name, longest=longest)
    return text
