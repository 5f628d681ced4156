"""The reason why a command ends early."""


class NotReady(RuntimeError):
    """People have to mend something first. The message is one line: what is wrong, and the remedy."""
