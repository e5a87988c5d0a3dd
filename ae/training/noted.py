"""Tensors and numbers of a training as a fingerprint notes them."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

Value = float | int | str
PIECE = 1 << 16  # numbers that are taken to double precision at once
NOT_NUMBERS = ("params", "initial_lr", "fused", "foreach", "capturable", "differentiable")


def correlations(flat: Tensor, seeds: Sequence[int]) -> list[float]:
    """Each member's greatest correlation with a member of another seed, 0 if there is none."""
    centred = flat - flat.mean(1, keepdim=True)
    unit = centred / centred.norm(dim=1, keepdim=True).clamp_min(1e-30)
    found = (unit @ unit.T).abs()
    index = torch.tensor(list(seeds))
    found[index[:, None] == index[None]] = 0.0
    rows: list[float] = found.amax(1).tolist()
    return rows


def moments(flat: Tensor) -> tuple[float, float]:
    """Mean and standard deviation in double precision, piece by piece: no copy of the whole is made."""
    origin = float(flat[0]) if flat.numel() else math.nan  # so that squares lose no digits
    total = square = 0.0
    for piece in torch.split(flat, PIECE):
        away = piece.double() - origin
        total, square = total + float(away.sum()), square + float((away**2).sum())
    count = max(1, flat.numel())
    mean = total / count
    return origin + mean, math.sqrt(max(0.0, square / count - mean**2))


def numbers_of(group: Mapping[str, Any]) -> dict[str, Value]:
    """A parameter group's hyper-parameters; a pair under two names."""
    found: dict[str, Value] = {}
    for key, value in group.items():
        if key in NOT_NUMBERS or value is None:
            continue
        several = value if isinstance(value, tuple | list) else (value,)
        for place, one in enumerate(several):
            name = key if len(several) == 1 else f"{key} {place + 1}"
            found[name] = str(one) if isinstance(one, bool | str) else float(one)
    return found


def shape(tensor: Tensor) -> str:
    """A member's shape, as `32x784`; `1` of a scalar."""
    return "x".join(map(str, tensor.shape[1:])) or "1"


def short(value: Value) -> Value:
    """A number to seven digits; what JSON has no number for as text."""
    if not isinstance(value, float):
        return value
    return float(f"{value:.7g}") if math.isfinite(value) else repr(value)
