"""Examples that code of a lab draws when they are seen: what they are depends on that code."""

from dataclasses import replace

from ae.data.dataset import Dataset
from ae.disk import digest
from ae.machine.code import code_digest


def drawn_by(data: Dataset) -> Dataset:
    """The set, with the code of a lab in its digest where that draws its examples.

    Ours is among what the trainer's code reaches; what decodes files or renders shows in the bytes.
    """
    access = data.manifest.access
    if access is None or ":" not in access.function:
        return data
    return replace(data, sha256=digest([data.sha256, code_digest(access.function)]))
