"""When a webhook is tried again, and when it is given up. Pure.

While a message waits for its next try, SQS hands out no later one of its customer (SQS Developer Guide, "FIFO queue and
message group ID"), so a receiver gets a customer's events in order, and other customers' meanwhile.
"""

#: Seconds from each failed try to the next: first soon, since a deployment of the receiver takes minutes, then hourly.
DELAYS = (5, 30, 120, 300, 900, 1800, *(3600,) * 24)
#: With this many tries a webhook has been tried for a day; then SQS moves it to the dead letters.
TRIES = len(DELAYS) + 1


def wait_after(tries: int) -> int:
    """Seconds until the next try, after so many."""
    return DELAYS[min(max(tries, 1), len(DELAYS)) - 1]
