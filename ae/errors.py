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


def plain(what: object, most: int = 200) -> str:
    """The first line of whatever a file or a server said, without what a terminal would obey."""
    text = str(what).strip().partition("\n")[0]
    return "".join(c if c.isprintable() else " " for c in text)[:most]
