"""Why a command ends before its time, in one line."""


class NotReady(RuntimeError):
    """Something has to be set right by people first. The message is one line: what is wrong, and the remedy."""
