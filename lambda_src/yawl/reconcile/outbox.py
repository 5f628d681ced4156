"""The second half of the transactional outbox: what was committed is sent, then forgotten.

A crash between the two, or two readers at once, send a message twice. Its deduplication id is the same, and so are the
ids of its events, of which each is recorded once.
"""

from typing import NamedTuple

from yawl.state.ports import EngineState, Sender

#: Parcels that may fail to be sent before the rest waits for the next reading.
MOST_FAILURES = 5


class Sent(NamedTuple):
    """How many parcels were sent; errors: of those that were not, which stay."""

    parcels: int = 0
    errors: tuple[Exception, ...] = ()


def send_all(state: EngineState, sender: Sender) -> Sent:
    """Send what is committed. A parcel that cannot be sent does not hold up the others, and stays.

    Raises the store's errors alone.
    """
    sent, errors = 0, []
    for parcel in state.unsent():
        try:
            for position, message in enumerate(parcel.messages):
                sender.send(message, parcel.deduplication_id(position))
        except Exception as error:
            errors.append(error)
            if len(errors) == MOST_FAILURES:
                break
            continue
        state.sent(parcel)
        sent += 1
    return Sent(sent, tuple(errors))
