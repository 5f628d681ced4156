"""Function ``registration``, which is public: Marketplace's form POST, the registration form, and the health check.

No line of the log holds a token, a session, an e-mail address, a company or a name.
"""

import base64
import binascii
from functools import cache
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from buyer.assembly import registration as assembly
from buyer.registration import answers, page
from buyer.registration.arrival import arrival
from buyer.registration.contact import contact
from buyer.registration.posted import Posted, read
from buyer.registration.refusal import Misconfigured
from buyer.registration.register_buyer import Registered, Registrar
from buyer.registration.session import Session, Sessions
from runtime import clock, telemetry
from runtime.api_error import ApiError, bad_request
from runtime.http_api import HttpApi, json_answer
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


api = HttpApi(logger, count_refusal=_count_refusal, show_error=answers.error_answer)


@cache
def registrar() -> Registrar:
    """The registrar, made from the function's environment once."""
    return assembly.registrar(RegistrationSettings.from_env())


@cache
def sessions() -> Sessions:
    """The sessions of the page, made from the function's environment once."""
    return assembly.sessions(RegistrationSettings.from_env())


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
    return answers.html(200, page.begin())


@api.post("/register")
def register() -> Response[str]:
    """Marketplace's POST: store the ids, and show the form. Entitlements that cannot be fetched now are fetched when
    the form comes, so no buyer waits for them here."""
    posted, now = _posted(), clock.now()
    registered = registrar().arrive(arrival(posted.fields), now)
    if registered.unfetched is not None:
        logger.warning("entitlements not fetched yet", **registered.unfetched.log_fields())
        _count_misconfigured(registered.unfetched)
    customer = registered.subscriber.customer_identifier
    session = sessions().issue(Session(customer, registered.subscriber.product_code or "", int(now)))
    _count("buyer arrived", registered)
    if _shows_a_page(posted):
        return answers.html(200, page.registration(session))
    return json_answer(200, {"message": "Registration started", "customerId": customer, "session": session})


@api.post("/registrations")
def complete() -> Response[str]:
    """The page's form with its session, or a program's JSON with a token: store the contact data.

    Raises ApiError if the data, the session or the token is refused, or the entitlements could not be fetched. A
    browser with a valid session gets the form again instead.
    """
    posted, now = _posted(), clock.now()
    if "session" in posted.fields:
        session = sessions().open(posted.fields["session"], now)
        try:
            registered = _fetched(registrar().complete(session, contact(posted.fields), now))
        except ApiError as error:
            if answers.wants_html(api.current_event):
                return _form_again(posted, error)
            raise
    else:
        arrived, contact_data = arrival(posted.fields), contact(posted.fields)
        registered = _fetched(registrar().arrive(arrived, now, contact_data))
    _count("buyer registered", registered)
    customer = registered.subscriber.customer_identifier
    if _shows_a_page(posted):
        return answers.html(200, page.registered(customer))
    return json_answer(200, {"message": "Registration successful", "customerId": customer})


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
    return read(answers.header(event, "content-type"), raw)


def _shows_a_page(posted: Posted) -> bool:
    return posted.is_form or answers.wants_html(api.current_event)


def _fetched(registered: Registered) -> Registered:
    """The registration, if the contract is known. Raises ApiError if it is not."""
    if registered.unfetched is not None:
        raise registered.unfetched
    return registered


def _form_again(posted: Posted, error: ApiError) -> Response[str]:
    """The form with what the buyer typed, to mend a field or to send it once more."""
    if error.code == "invalid_session":
        raise error
    api.note_refusal(error)
    html = page.registration(posted.fields["session"], posted.fields, error.message)
    return answers.html(error.status, html, error.headers)


def _count(what: str, registered: Registered) -> None:
    subscriber = registered.subscriber
    logger.info(what, customer=subscriber.customer_identifier, status=subscriber.status)
    metrics.add_metric(RegistrationMetric.REGISTRATIONS, MetricUnit.Count, 1)
