"""The two ways in which `ae` stops: the user's input, or the world outside."""


class UserError(ValueError):
    """Something a person wrote is wrong; the message names place, found and expected.

    The command prints the message in one line and exits with 2.
    """


class OutsideError(RuntimeError):
    """Something outside failed: data, disk, network, a crash in a library.

    The command prints the message in one line and exits with 3.
    """
