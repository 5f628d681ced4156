"""The mail to a buyer, in the language in which it registered. Pure."""

from pathlib import Path
from string import Template

from buyer.pages.branding import Branding
from buyer.pages.pages import texts_of
from buyer.people.moments import Mail, Moment
from ledger.subscriber import Subscriber

_ROOM = Path(__file__).parent


def to_buyer(moment: Moment, found: Subscriber, *, title: str, branding: Branding) -> Mail:
    """The mail about a moment. title: the product's; without one the vendor's name, or ``AWS Marketplace``."""
    language = found.language if found.language in branding.languages else branding.languages[0]
    texts = texts_of(_ROOM, language)
    product = title or branding.vendor or "AWS Marketplace"

    def said(name: str, **values: str) -> str:
        return Template(texts[name]).substitute(product=product, customer=found.customer_identifier, **values)

    parts = [said(f"mail_{moment}")]
    if branding.sign_in and moment != "ended":
        parts.append(said("mail_sign_in", address=branding.sign_in))
    if branding.support:
        parts.append(said("mail_support", address=branding.support))
    if branding.vendor:
        parts.append(branding.vendor)
    return Mail(said(f"mail_{moment}_subject"), "\n\n".join(parts) + "\n")


def sendable(address: str) -> str | None:
    """The address as Amazon SES takes it, None where it takes none: the part before the @ must be ASCII, the domain may
    be written in Punycode (SESv2 API reference, Destination)."""
    local, _, domain = address.rpartition("@")
    try:
        return f"{local}@{domain.encode('idna').decode()}" if local.isascii() and local else None
    except UnicodeError:
        return None
