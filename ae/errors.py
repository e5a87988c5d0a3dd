"""The two ways in which `ae` stops: the user's input, or the world outside."""


class UserError(ValueError):
    """Something a person wrote is wrong; the message names place, found and expected.

    The command prints the message in one line and exits with 2.
    """


class OutsideError(RuntimeError):
    """Something outside failed: data, disk, network, a crash in a library.

    The command prints the message in one line and exits with 3.
    """


class MissingData(OutsideError):
    """Files of a data set are neither on this machine nor to be had from a mirror.

    A run of several papers leaves out those that need it, and says so.
    """
