"""Function ``registration``, which is public: Marketplace's form POST, the registration form, and the health check.

No line of the log holds a token, a session, a hand-over, an e-mail address, a company or a name.
"""

import base64
import binascii
from collections.abc import Mapping
from functools import cache
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.data_classes.common import BaseProxyEvent
from aws_lambda_powertools.utilities.typing import LambdaContext

from buyer.assembly import registration as assembly
from buyer.registration import answers
from buyer.registration.arrival import arrival
from buyer.registration.contact import Contact, contact
from buyer.registration.handouts import Handouts
from buyer.registration.page import RegistrationPages
from buyer.registration.posted import Posted, read
from buyer.registration.refusal import Misconfigured
from buyer.registration.register_buyer import Registered, Registrar
from buyer.registration.same_site import refuse_other_sites
from runtime import clock, telemetry
from runtime.api_error import ApiError, bad_request
from runtime.http_api import HttpApi, header, json_answer, wants_html
from runtime.metric_names import RegistrationMetric
from runtime.settings import RegistrationSettings

logger = telemetry.logger("registration")
metrics = telemetry.metrics("registration")


def _count_refusal(error: ApiError) -> None:
    metrics.add_metric(RegistrationMetric.REGISTRATIONS_REFUSED, MetricUnit.Count, 1)
    _count_misconfigured(error)


def _count_misconfigured(error: ApiError) -> None:
    if isinstance(error, Misconfigured):
        metrics.add_metric(RegistrationMetric.REGISTRATIONS_MISCONFIGURED, MetricUnit.Count, 1)


def _show_error(event: BaseProxyEvent, error: ApiError) -> Response[str]:
    return answers.error_answer(event, error, pages())


api = HttpApi(logger, count_refusal=_count_refusal, show_error=_show_error)


@cache
def registrar() -> Registrar:
    """The registrar, made from the function's environment once."""
    return assembly.registrar(RegistrationSettings.from_env())


@cache
def handouts() -> Handouts:
    """The sessions and hand-overs, made from the function's environment once."""
    return assembly.handouts(RegistrationSettings.from_env())


@cache
def pages() -> RegistrationPages:
    """The pages, made from the function's environment once."""
    return assembly.pages(RegistrationSettings.from_env())


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """One request of the gateway, as its answer. HEAD is answered as GET, without the body (RFC 9110, 9.3.2)."""
    answer = api.resolve(event, context)
    return answer | {"body": ""} if event["httpMethod"] == "HEAD" else answer


@api.route("/register", method=["GET", "HEAD"])
@api.route("/registrations", method=["GET", "HEAD"])
def begin() -> Response[str]:
    """The page for a request without a token: a bookmark, a refresh, a check of the address."""
    return _page(200, pages().begin(_language()))


@api.post("/register")
def register() -> Response[str]:
    """Marketplace's POST: store the ids, and show the form, or to whoever has registered before the way on.
    Entitlements that cannot be fetched now are fetched when the form comes, so no buyer waits for them here."""
    posted, now = _posted(), clock.now()
    registered = registrar().arrive(arrival(posted.fields), now)
    if registered.unfetched is not None:
        logger.warning("entitlements not fetched yet", **registered.unfetched.log_fields())
        _count_misconfigured(registered.unfetched)
    found = registered.subscriber
    session = handouts().session(found, now)
    _count("buyer arrived", registered)
    if not _shows_a_page(posted):
        said = {"message": "Registration started", "customerId": found.customer_identifier, "session": session}
        return json_answer(200, said)
    if found.registered_at is None:
        return _page(200, pages().welcome(found, session, _language()))
    return _page(200, pages().returning(handouts().shown(found, session, now), _language()))


@api.post("/registrations")
def complete() -> Response[str]:
    """The page's form with its session, or a program's JSON with a token: store the contact data.

    Raises ApiError if the data, the session or the token is refused, or the entitlements could not be fetched. A
    browser with a valid session gets the form again instead.
    """
    posted, now = _posted(), clock.now()
    if "session" in posted.fields:
        return _complete_session(posted, now)
    arrived, contact_data = arrival(posted.fields), _contact(posted)
    registered = _fetched(registrar().arrive(arrived, now, contact_data))
    _count("buyer registered", registered)
    if not _shows_a_page(posted):
        return _registered(registered, now)
    session = handouts().session(registered.subscriber, now)
    return _page(200, pages().registered(handouts().shown(registered.subscriber, session, now), _language()))


def _complete_session(posted: Posted, now: float) -> Response[str]:
    event = api.current_event
    refuse_other_sites(*(header(event, name) for name in ("sec-fetch-site", "origin", "host")))
    text = posted.fields["session"]
    session = handouts().sessions.open(text, now)
    registered = None
    try:
        if "again" in posted.fields:
            registered = registrar().complete(session, None, now)
            if registered.subscriber.registered_at is None:
                return _page(200, pages().welcome(registered.subscriber, text, _language()))
        else:
            registered = registrar().complete(session, _contact(posted), now)
        _fetched(registered)
        if not _shows_a_page(posted):
            answer = _registered(registered, now)
        else:
            answer = _page(200, pages().registered(handouts().shown(registered.subscriber, text, now), _language()))
    except ApiError as error:
        if not wants_html(event) or error.code == "invalid_session":
            raise
        # The form with what the buyer typed, to mend a field or to send it once more.
        api.note_refusal(error)
        found = registered.subscriber if registered else None
        again = pages().welcome(found, text, _language(), posted.fields, error)
        return _page(error.status, again, error.headers)
    _count("buyer registered", registered)
    return answer


@api.get("/health")
def health() -> Response[str]:
    """An answer that shows that the function runs, and nothing of its settings or state."""
    return json_answer(200, {"status": "ok"})


def _posted() -> Posted:
    event = api.current_event
    body = event.body or ""
    try:
        raw = base64.b64decode(body, validate=True) if event.is_base64_encoded else body.encode()
    except (binascii.Error, UnicodeEncodeError):
        raise bad_request("The body cannot be read.", "body") from None
    return read(header(event, "content-type"), raw)


def _shows_a_page(posted: Posted) -> bool:
    return posted.is_form or wants_html(api.current_event)


def _fetched(registered: Registered) -> Registered:
    """The registration, if the contract is known. Raises ApiError if it is not."""
    if registered.unfetched is not None:
        raise registered.unfetched
    return registered


def _contact(posted: Posted) -> Contact:
    return contact(posted.fields, pages().asked, _language())


def _language() -> str:
    return answers.language(api.current_event, pages())


def _page(status: int, body: str, headers: Mapping[str, str] | None = None) -> Response[str]:
    return answers.html(pages(), status, body, headers)


def _registered(registered: Registered, now: float) -> Response[str]:
    found = registered.subscriber
    said = {"message": "Registration successful", "customerId": found.customer_identifier}
    return json_answer(200, said | handouts().answer(found, now))


def _count(what: str, registered: Registered) -> None:
    subscriber = registered.subscriber
    logger.info(what, customer=subscriber.customer_identifier, status=subscriber.status)
    metrics.add_metric(RegistrationMetric.REGISTRATIONS, MetricUnit.Count, 1)
