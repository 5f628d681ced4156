"""What a stage takes of its account's quotas."""

from stacks.stage import Stage

#: Lambda lets no reservation leave fewer to all other functions (Lambda quotas, "Concurrent executions")
UNRESERVED_AT_LEAST = 100


def reserved_concurrency(stage: Stage) -> int:
    """Concurrent executions that the stage's functions reserve."""
    return stage.submit_concurrency + (stage.public_concurrency or 0)


def concurrency_needed(stage: Stage) -> int:
    """The account's quota of concurrent executions below which Lambda refuses the stage's reservations.

    Other reservations of the account come on top. A new account may have a quota of 10, which takes none.
    """
    return reserved_concurrency(stage) + UNRESERVED_AT_LEAST
