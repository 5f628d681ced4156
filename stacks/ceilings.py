"""What a stage uses of its account's quotas."""

from stacks.stage import Stage

#: Lambda refuses a reservation that leaves fewer to all other functions (Lambda quotas, "Concurrent executions").
UNRESERVED_AT_LEAST = 100


def reserved_concurrency(stage: Stage) -> int:
    """Concurrent executions that the stage's functions reserve."""
    public_functions = 2 if stage.usage_page else 1
    return stage.submit_concurrency + public_functions * (stage.public_concurrency or 0)


def concurrency_needed(stage: Stage) -> int:
    """The smallest quota of concurrent executions with which Lambda accepts the stage's reservations.

    Other reservations of the account come on top. A new account may have a quota of 10, which allows none.
    """
    return reserved_concurrency(stage) + UNRESERVED_AT_LEAST
