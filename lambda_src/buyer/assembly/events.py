"""What telling the app of events works with, put together from its settings."""

from buyer.events.of_allowance import thresholds_of
from buyer.events.outlets import Outlets
from buyer.events.tell import Teller
from ledger import dynamodb
from ledger.balance import Balances
from ledger.subscribers import Subscribers
from ledger.told_thresholds import ToldThresholds
from marketplace.products import Products
from runtime.settings import TellEventsSettings


def teller(settings: TellEventsSettings, outlets: Outlets | None = None) -> Teller:
    """The teller of a stage. outlets: None connects to AWS."""
    tables = dynamodb.connect()
    state = tables.Table(settings.STATE_TABLE)
    return Teller(
        subscribers=Subscribers(tables.Table(settings.SUBSCRIBERS_TABLE)),
        balances=Balances(state),
        told=ToldThresholds(state),
        outlets=outlets
        or Outlets.connect(settings.EVENT_BUS, [url for url in settings.EVENT_QUEUE_URLS.split(",") if url]),
        products=Products.from_json(settings.PRODUCTS),
        thresholds=thresholds_of(settings.THRESHOLDS),
    )
