"""The one way in which a command says no."""


class Refused(Exception):
    """Nothing was done. The message is one line that names the reason and the remedy."""
