"""Tensors on disk: weights and checkpoints as safetensors, written whole or not at all."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from ae.disk import replacing
from ae.errors import OutsideError, plain


def save(path: Path, tensors: Mapping[str, Tensor], notes: Mapping[str, Any]) -> None:
    """Write tensors and JSON notes to one file: aside, synced, then renamed.

    Raises:
        OutsideError: The disk is full or the folder cannot be written.
    """
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    try:
        with replacing(path) as aside:
            # One key: safetensors writes several in random order, and bytes should not be random.
            save_file(plain, aside, metadata={"ae": json.dumps(notes, sort_keys=True)})
    except SafetensorError as error:
        raise OutsideError(f"{path}: cannot be written: {error}") from None
    except OSError as error:
        raise OutsideError(f"{path}: cannot be written: {error.strerror or error}") from None


def load(path: Path, device: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and notes of a file that `save` wrote.

    Raises:
        OutsideError: The file is damaged.
    """
    try:
        with safe_open(path, framework="pt", device=device) as file:
            notes = json.loads(file.metadata()["ae"])
            return {name: file.get_tensor(name) for name in file.keys()}, notes  # noqa: SIM118
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise OutsideError(
            f"{path}: not a file of weights that `ae` wrote ({plain(error)}); remove it to train again"
        ) from None
