"""The registration pages: what they show of a buyer, in which order. ``buyer.pages`` has the layout they share.

The templates are in ``pages`` and the texts in ``pages/texts``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from buyer.pages import times
from buyer.pages.branding import Branding
from buyer.pages.pages import CONTENT_TYPE, Html, Pages
from buyer.registration.contact import ASKED_BY_DEFAULT, FIELDS, LONGEST, OFF, REQUIRED, Asked
from buyer.registration.standing import Standing
from ledger.subscriber import Subscriber
from marketplace.products import Products
from runtime.api_error import ApiError

__all__ = ["CONTENT_TYPE", "RegistrationPages", "Shown"]

#: Whose page is about a link that was good once.
_EXPIRED = ("expired_token", "expired_session")
#: The e-mail field is not of type email: there browsers refuse addresses in other scripts than Latin.
_KINDS = {
    "email": 'autocomplete="email" inputmode="email" autocapitalize="none" spellcheck="false" pattern=".+@.+" '
    'title="ann@example.com"',
    "company": 'autocomplete="organization"',
    "name": 'autocomplete="name"',
}


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What a page shows of a registered buyer. session: for another hand-over. handover: a token, None without one."""

    subscriber: Subscriber
    standing: Standing
    session: str = field(repr=False)
    handover: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class RegistrationPages:
    """The registration pages of a stage. products: what is sold. handover_url: of the vendor's app, empty without one.
    redirects: further addresses to which the app may send the browser on, see ``Pages.headers``."""

    branding: Branding
    products: Products
    asked: Asked = field(default_factory=lambda: ASKED_BY_DEFAULT)
    handover_url: str = ""
    redirects: tuple[str, ...] = ()

    @property
    def _pages(self) -> Pages:
        return Pages(Path(__file__).with_name("pages"), self.branding)

    def headers(self) -> dict[str, str]:
        """The headers of every registration page."""
        return self._pages.headers((*((self.handover_url,) if self.handover_url else ()), *self.redirects))

    def begin(self, language: str) -> str:
        """The page for a request without a token: a bookmark, a refresh, a check of the address."""
        return self._pages.page("no_token", language, way_back=self._part("_way_back", language))

    def welcome(
        self,
        subscriber: Subscriber | None,
        session: str,
        language: str,
        typed: Mapping[str, str] | None = None,
        error: ApiError | None = None,
    ) -> str:
        """The form. It posts to ``registrations`` beside this address, so that it works under any path of a gateway.

        subscriber: None if it is not known here. typed: what the buyer has filled in already. error: why the form is
        shown again.
        """
        complaint = self._part("_alert", language, message=self.said(error, language)) if error else ""
        thanks = self._pages.text("thanks" if self._asks else "thanks_nothing_asked", language)
        return self._pages.page(
            "welcome",
            language,
            complaint=complaint,
            thanks=thanks,
            held=self._held(subscriber, language) if subscriber else "",
            form=self._form(session, language, typed or {}, error, button="register" if self._asks else "continue"),
        )

    def registered(self, shown: Shown, language: str) -> str:
        """The page after the form."""
        return self._pages.page("registered", language, **self._state(shown, language))

    def returning(self, shown: Shown, language: str) -> str:
        """The page for a buyer that comes from AWS Marketplace and has registered before."""
        change = ""
        if self._asks:
            change = self._part(
                "_change", language, form=self._form(shown.session, language, {}, None, button="change")
            )
        return self._pages.page("returning", language, change=change, **self._state(shown, language))

    def refused(self, error: ApiError, language: str) -> str:
        """The page for a refused request. Its code is for the seller's support."""
        name = "expired" if error.code in _EXPIRED else "try_again" if error.status >= 500 else "refused"
        values = {"message": self.said(error, language), "code": error.code}
        return self._pages.page(name, language, way_back=self._part("_way_back", language), **values)

    def said(self, error: ApiError, language: str) -> str:
        """An error's sentence in a language; the error itself has it in English."""
        field_ = "too_long" if "longest" in error.details else error.details.get("field")
        for name in (f"error_{error.code}_{field_}", f"error_{error.code}"):
            if self._pages.has_text(name, language):
                return self._pages.text(name, language)
        return error.message

    @property
    def _asks(self) -> bool:
        return any(asked != OFF for asked in self.asked.values())

    def _part(self, name: str, language: str, /, **values: str) -> Html:
        return self._pages.part(name, language, **values)

    def _form(
        self, session: str, language: str, typed: Mapping[str, str], error: ApiError | None, *, button: str
    ) -> Html:
        wrong = error.details.get("field") if error else None
        fields = [self._field(name, language, typed.get(name, ""), wrong == name) for name in FIELDS]
        return self._part(
            "_form",
            language,
            session=session,
            fields=Html("".join(fields)),
            button=self._pages.text(f"button_{button}", language),
        )

    def _field(self, name: str, language: str, value: str, wrong: bool) -> Html:
        asked = self.asked[name]
        if asked == OFF:
            return Html("")
        state = "required" if asked == REQUIRED else ""
        if wrong:
            state += ' aria-invalid="true" aria-describedby="complaint" autofocus'
        optional = "" if asked == REQUIRED else Html(f" <small>{self._pages.text('optional', language)}</small>")
        values = {"name": name, "value": value, "longest": str(LONGEST[name]), "optional": optional}
        label = self._pages.text(f"field_{name}", language)
        return self._part("_field", language, label=label, kind=Html(_KINDS[name]), state=Html(state), **values)

    def _state(self, shown: Shown, language: str) -> dict[str, str]:
        state, until = shown.standing
        at = times.minute(until, language) if until is not None else ""
        over = state in ("failed", "ended")
        linked = shown.subscriber.linked_account is not None
        return {
            "customer": shown.subscriber.customer_identifier,
            "standing": self._pages.text(f"standing_{state}", language, until=at),
            "linked": self._part("_linked", language) if linked else "",
            "held": self._held(shown.subscriber, language),
            "on": self._part("_way_back", language) if over else self._way_on(shown, language),
        }

    def _way_on(self, shown: Shown, language: str) -> Html:
        title = self.products.title(shown.subscriber.product_code)
        app = title or self.branding.vendor or self._pages.text("the_app", language)
        if shown.handover is not None:
            values = {"url": self.handover_url, "handover": shown.handover, "session": shown.session, "app": app}
            return self._part("_handover", language, **values)
        if self.branding.sign_in:
            return self._part("_sign_in", language, url=self.branding.sign_in, app=app)
        return Html("")

    def _held(self, subscriber: Subscriber, language: str) -> Html:
        rows = []
        title = self.products.title(subscriber.product_code)
        if title:
            rows.append(self._row(self._pages.text("product", language), title))
        for held in subscriber.entitlements:
            until = ""
            if held.expires_at is not None:
                until = self._pages.text("held_until", language, day=times.day(held.expires_at, language))
            name, value = _readable(held.dimension), held.value
            if held.dimension == subscriber.tier:
                # A contract holds its tier once.
                name, value = self._pages.text("tier", language), name
            rows.append(self._row(name, value, until))
        if subscriber.free_trial:
            rows.append(self._row(self._pages.text("trial", language), self._pages.text("trial_note", language)))
        if not rows:
            return Html("")
        return Html(f"<h2>{self._pages.text('your_purchase', language)}</h2><dl>{''.join(rows)}</dl>")

    def _row(self, name: str, value: str, until: str = "") -> Html:
        return self._part("_row", "en", name=name, value=value, until=Html(f"<small>{until}</small>" if until else ""))


def _readable(dimension: str) -> str:
    """A contract dimension's key as a person reads it: ``basic_tier`` → ``Basic tier``."""
    words = dimension.replace("_", " ")
    return words[:1].upper() + words[1:]
