"""What a call can raise. Whatever else goes wrong (network, refusals) never reaches the caller of ``record``."""


class InvalidUsage(ValueError):
    """The call itself is wrong (unknown dimension, bad quantity, …): nothing was recorded, repeating it is no use."""


class SpoolFull(RuntimeError):
    """No room came free in time: nothing was recorded. The app may drop, wait or call again; the client never drops."""


class SpoolUnwritable(OSError):
    """The disk did not take the call: nothing was recorded."""


class ClientClosed(RuntimeError):
    """The client was closed: nothing was recorded."""
