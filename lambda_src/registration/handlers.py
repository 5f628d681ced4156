"""The public doors: Marketplace's form POST, the registration form, and the health of the service.

No line of the log holds a token, a session, an e-mail address, a company or a name.
"""

import base64
import binascii
from functools import cache
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from ledger import dynamodb
from ledger.allowed_buyers import AllowedBuyers
from ledger.notices import Notices
from ledger.subscribers import Subscribers
from ledger.waiting_notices import WaitingNotices
from marketplace import tiers
from marketplace.client import MarketplaceClient
from marketplace.seller import Seller
from registration import answers, page
from registration.contact import contact
from registration.patience import Patience
from registration.posted import Posted, read
from registration.refusal import is_misconfigured
from registration.register_buyer import Marketplace, Registered, RegistrationDesk
from registration.session import Session, Sessions
from registration.session_keys import SessionKeys
from registration.submission import arrival
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
    if is_misconfigured(error):
        metrics.add_metric(RegistrationMetric.REGISTRATIONS_MISCONFIGURED, MetricUnit.Count, 1)


app = HttpApi(logger, count_refusal=_count_refusal, show_error=answers.error)


@cache
def marketplace() -> Marketplace:
    """AWS Marketplace, in the stage's metering Region; the desk's patience repeats calls, not the SDK's."""
    settings = RegistrationSettings.from_env()
    seller = Seller(settings.SELLER_ROLE_ARN, settings.EXTERNAL_ID)
    return MarketplaceClient.connect(settings.METERING_REGION, attempts=1, seller=seller)


@cache
def sessions() -> Sessions:
    settings = RegistrationSettings.from_env()
    return Sessions(SessionKeys.connect(settings.SESSION_SECRET_ARN), settings.PRODUCT_CODE)


@cache
def desk() -> RegistrationDesk:
    """What the function works with, made from its environment once."""
    settings = RegistrationSettings.from_env()
    tables = dynamodb.connect()
    subscribers = Subscribers(tables.Table(settings.SUBSCRIBERS_TABLE))
    return RegistrationDesk(
        marketplace=marketplace(),
        subscribers=subscribers,
        waiting=WaitingNotices(subscribers, Notices(tables.Table(settings.NOTICES_TABLE))),
        product_code=settings.PRODUCT_CODE,
        integration=settings.INTEGRATION,
        pricing_model=settings.PRICING_MODEL,
        tiers=tiers.from_json(settings.TIERS),
        allowed=AllowedBuyers.from_setting(settings.NOTICES_OF),
        patience=Patience,
    )


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """One request of the gateway. HEAD is answered as GET, without the body (RFC 9110, 9.3.2)."""
    answer = app.resolve(event, context)
    return answer | {"body": ""} if event["httpMethod"] == "HEAD" else answer


@app.route("/register", method=["GET", "HEAD"])
@app.route("/registrations", method=["GET", "HEAD"])
def begin() -> Response[str]:
    """Somebody comes without a token: a bookmark, a refresh, a check of the address."""
    return answers.html(200, page.begin())


@app.post("/register")
def register() -> Response[str]:
    """Marketplace's POST: the ids are stored, the page asks for the rest. Entitlements that cannot be fetched now are
    when the form comes, so nobody waits for them here."""
    posted, now = _posted(), clock.now()
    done = desk().arrive(arrival(posted.fields), now)
    if done.unfetched is not None:
        logger.warning("entitlements not fetched yet", **done.unfetched.log_fields())
        _count_misconfigured(done.unfetched)
    customer = done.subscriber.customer_identifier
    session = sessions().issue(Session(customer, int(now)))
    _count("buyer arrived", done)
    if _shows_a_page(posted):
        return answers.html(200, page.registration(session))
    return json_answer(200, {"message": "Registration started", "customerId": customer, "session": session})


@app.post("/registrations")
def complete() -> Response[str]:
    """The page's form with its session, or a program's JSON with a token: contact data is stored."""
    posted, now = _posted(), clock.now()
    if "session" in posted.fields:
        session = sessions().open(posted.fields["session"], now)
        try:
            done = _fetched(desk().complete(session, contact(posted.fields), now))
        except ApiError as error:
            if answers.wants_html(app.current_event):
                return _form_again(posted, error)
            raise
    else:
        came, who = arrival(posted.fields), contact(posted.fields)
        done = _fetched(desk().arrive(came, now, who))
    _count("buyer registered", done)
    customer = done.subscriber.customer_identifier
    if _shows_a_page(posted):
        return answers.html(200, page.registered(customer))
    return json_answer(200, {"message": "Registration successful", "customerId": customer})


@app.get("/health")
def health() -> Response[str]:
    """Says that the function runs; nothing of settings or state."""
    return json_answer(200, {"status": "ok"})


def _posted() -> Posted:
    event = app.current_event
    body = event.body or ""
    try:
        raw = base64.b64decode(body, validate=True) if event.is_base64_encoded else body.encode()
    except (binascii.Error, UnicodeEncodeError):
        raise bad_request("The body cannot be read.", "body") from None
    return read(answers.header(event, "content-type"), raw)


def _shows_a_page(posted: Posted) -> bool:
    return posted.is_form or answers.wants_html(app.current_event)


def _fetched(done: Registered) -> Registered:
    """Raises ApiError where the contract is not known yet."""
    if done.unfetched is not None:
        raise done.unfetched
    return done


def _form_again(posted: Posted, error: ApiError) -> Response[str]:
    """What the buyer has typed is not lost: he mends a field, or sends the form once more."""
    if error.code == "invalid_session":
        raise error
    app.note_refusal(error)
    html = page.registration(posted.fields["session"], posted.fields, error.message)
    return answers.html(error.status, html, error.headers)


def _count(what: str, done: Registered) -> None:
    subscriber = done.subscriber
    logger.info(what, customer=subscriber.customer_identifier, status=subscriber.status)
    metrics.add_metric(RegistrationMetric.REGISTRATIONS, MetricUnit.Count, 1)
