"""Many seeds of one model as one batch of tensors.

A member of a stack is one seed of one run. Every tensor of a stack has the member axis first, and
nothing reduces over it: a member computes what it would compute alone. On one CPU thread this holds
bit for bit where a batch is a multiple of 32 examples. Otherwise a member's activations may end
within a vector register; the last few elements of a whole tensor go through scalar instructions,
whose exponentials differ in the last bit, and agreement is to rounding. So it is with products of a
matrix and a vector, for which some processors' libraries add in another order in a batch of one:
models write `(x * v).sum(-1)`. And where all members see the same examples (`Stack.share`, `Stack.fit`)
torch makes one product of all their weights, whose rows some libraries add in an order that depends
on how many there are: measures agree to rounding there.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap
from torch.utils._pytree import tree_map

from ae.models.base import Autoencoder, Noise

Build = Callable[[], Autoencoder]


def derive(seed: int, purpose: str) -> int:
    """A seed for one purpose (init, order, noise, a metric's name), independent of the others."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{purpose}".encode()).digest()[:8]) >> 1


def generator(seed: int, purpose: str, device: torch.device | str = "cpu") -> torch.Generator:
    """A generator on `device` for one seed and one purpose."""
    return torch.Generator(device).manual_seed(derive(seed, purpose))


class Stack:
    """Members of one shape, each with its own parameters and buffers.

    Args:
        builds: One constructor a member; all give modules of the same shapes. What differs
            between them otherwise must live in buffers (`Autoencoder.sweeps`).
        seeds: One seed a member. Equal seeds start from equal weights.
        device: Where the tensors live. Weights are drawn on the CPU, so that they do not depend
            on it.
    """

    def __init__(
        self,
        builds: Sequence[Build],
        seeds: Sequence[int],
        device: torch.device | str = "cpu",
    ) -> None:
        models = [seeded(build, seed) for build, seed in zip(builds, seeds, strict=True)]
        parameters, buffers = stack_module_state(models)
        self.seeds = tuple(seeds)
        self.device = torch.device(device)
        self.storage = {k: _padded(p.detach().to(device)) for k, p in parameters.items()}
        self.parameters = {
            k: like(self.storage[k], p).requires_grad_() for k, p in parameters.items()
        }
        self.buffers = {k: b.detach().to(device) for k, b in buffers.items()}
        self.model = models[0]
        self._bound = _Bound(models[0])

    def call(self, method: str, *args: Any, **constants: Any) -> Any:
        """`model.method(*args, **constants)` for every member.

        Tensors in `args` lead with the member axis; `constants` are the same for all.
        """
        return self._map(method, args, 0, constants)

    def share(self, method: str, *args: Any, **constants: Any) -> Any:
        """As `call`, but tensors in `args` have no member axis: all members see the same."""
        return self._map(method, args, None, constants)

    def fit(self, method: str, x: Tensor, noise: Noise) -> Any:
        """`model.method(x, noise)` for every member: the same `x`, noise of its own (member, 1, ...)."""

        def one(state: dict[str, Tensor], noise: Noise) -> Any:
            return self._one(state, method, (x, noise), {})

        return self._members(one, 0)({**self.parameters, **self.buffers}, noise)

    def alone(
        self, member: int, own: dict[str, Tensor], method: str, *args: Any, **constants: Any
    ) -> Any:
        """As `call`, for one member and without its axis; `own` replaces some of its parameters."""
        state = {name: tensor.detach()[member] for name, tensor in self.parameters.items()}
        state |= {name: tensor[member] for name, tensor in self.buffers.items()}
        return self._one(state | own, method, args, constants)

    def sample(self, method: str, x: Tensor, noise: Noise) -> Any:
        """`model.method(x, noise)` for many samples of the noise, with the same `x` for all.

        Tensors in `noise` lead with the member axis, then the sample axis; so does the result.
        What depends on `x` alone, such as its code, is computed once for all samples.
        """

        def one(state: dict[str, Tensor], noise: Noise) -> Any:
            return vmap(lambda sample: self._one(state, method, (x, sample), {}))(noise)

        return self._members(one, 0)({**self.parameters, **self.buffers}, noise)

    def _map(self, method: str, args: Any, axis: int | None, constants: Any) -> Any:
        def one(state: dict[str, Tensor], args: Any) -> Any:
            return self._one(state, method, args, constants)

        axes = tree_map(lambda leaf: axis if isinstance(leaf, Tensor) else None, args)
        return self._members(one, axes)({**self.parameters, **self.buffers}, args)

    def _members(self, one: Callable[..., Any], axes: Any) -> Callable[..., Any]:
        chunk = 1 if self.model.in_turn and self.device.type == "cpu" else None
        mapped: Callable[..., Any] = vmap(one, in_dims=(0, axes), chunk_size=chunk)
        return mapped

    def _one(self, state: dict[str, Tensor], method: str, args: Any, constants: Any) -> Any:
        bound = {f"model.{name}": tensor for name, tensor in state.items()}
        result = functional_call(self._bound, bound, (method, constants, *args))
        return () if result is None else result

    def select(self, members: Sequence[int]) -> "Stack":
        """A stack of some of the members, with copies of their tensors."""
        chosen = object.__new__(Stack)
        index = torch.tensor(list(members), device=self.device)
        chosen.seeds = tuple(self.seeds[m] for m in members)
        chosen.device, chosen.model, chosen._bound = self.device, self.model, self._bound
        chosen.storage = {k: s[index] for k, s in self.storage.items()}
        chosen.parameters = {
            k: like(chosen.storage[k], p.detach()[index]) for k, p in self.parameters.items()
        }
        chosen.buffers = {k: b[index] for k, b in self.buffers.items()}
        return chosen

    @staticmethod
    def of(
        build: Build,
        seeds: Sequence[int],
        members: Sequence[Mapping[str, Tensor]],
        device: torch.device | str = "cpu",
    ) -> "Stack":
        """Members that are trained already, as one stack.

        Args:
            build: A constructor of modules of their shape.
            seeds: One seed a member.
            members: The parameters and buffers of each, by name.
            device: Where the tensors live.
        """
        stack = object.__new__(Stack)
        stack.seeds, stack.device = tuple(seeds), torch.device(device)
        stack.model = seeded(build, 0)
        stack._bound = _Bound(stack.model)

        def all_of(name: str) -> Tensor:
            return torch.stack([member[name].to(device) for member in members])

        names = [name for name, _ in stack.model.named_parameters()]
        stack.storage = {name: _padded(all_of(name)) for name in names}
        stack.parameters = {name: like(stack.storage[name], all_of(name)) for name in names}
        stack.buffers = {name: all_of(name) for name, _ in stack.model.named_buffers()}
        return stack

    def tensors(self) -> dict[str, Tensor]:
        """All parameters and buffers by name, detached, in a fixed order."""
        state = {**self.parameters, **self.buffers}
        return {name: state[name].detach() for name in sorted(state)}

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Copy `tensors` (as `tensors()` gave them) into this stack."""
        with torch.no_grad():
            for name, own in {**self.parameters, **self.buffers}.items():
                own.copy_(tensors[name])

    def train(self, mode: bool = True) -> None:
        """Put the modules into training or evaluation mode."""
        self._bound.train(mode)


LINE = 32  # elements: the widest stride of a vectorised loop (two AVX-512 registers of float32)


def _padded(tensor: Tensor) -> Tensor:
    """A contiguous copy (member, elements) with whole vectors in every row, zeros at their ends.

    Fused optimisers handle the last elements of a tensor by other instructions than the rest;
    aligned rows make every member see the same ones, alone or among others.
    """
    flat = tensor.flatten(1)
    storage = flat.new_zeros(len(flat), -(-flat.shape[1] // LINE) * LINE)
    storage[:, : flat.shape[1]] = flat
    return storage


def like(storage: Tensor, tensor: Tensor) -> Tensor:
    """The part of `storage` (member, elements) that holds a tensor of this shape, as a view."""
    return storage[:, : tensor[0].numel()].view(tensor.shape)


class _Bound(nn.Module):
    """Lets `functional_call`, which knows only `forward`, reach any method."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, method: str, constants: dict[str, Any], *args: Any) -> Any:
        return getattr(self.model, method)(*args, **constants)


def seeded(build: Build, seed: int) -> Autoencoder:
    """The model that a constructor gives under a seed; the global generator stays as it is."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive(seed, "init"))
        return build()
