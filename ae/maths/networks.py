"""Networks that several papers share."""

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Literal

from jaxtyping import Float
from torch import Tensor, nn

Activation = Literal["relu", "tanh", "leaky_relu"]
ACTIVATIONS: dict[Activation, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "tanh": nn.Tanh,
    "leaky_relu": nn.LeakyReLU,  # 0.01 below zero
}


def affine(
    x: Float[Tensor, "batch inputs"],
    weight: Float[Tensor, "outputs inputs"],
    bias: Float[Tensor, " outputs"],
) -> Float[Tensor, "batch outputs"]:
    """x W^T + b, with a gradient that lies in memory as `weight` does.

    That of `torch.nn.functional.linear` lies across it. Bringing the two together, for the
    optimiser or for a second use of tied weights, takes up to an eighth of a step's time.
    """
    return (weight @ x.T).T + bias


class Dense(nn.Linear):
    """`torch.nn.Linear` by `affine`: equal up to rounding, and quicker to train in a stack."""

    def forward(self, x: Float[Tensor, "batch inputs"]) -> Float[Tensor, "batch outputs"]:
        """x W^T + b."""
        return affine(x, self.weight, self.bias)


def linear(layers: nn.ModuleList, index: int) -> nn.Linear:
    """The layer of that index, which is linear."""
    layer = layers[index]
    assert isinstance(layer, nn.Linear)
    return layer


def sigmoid_layer(inputs: int, outputs: int) -> Dense:
    """A layer for logistic units: weights uniform in +-4 sqrt(6 / (inputs + outputs)), biases 0.

    Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks,
    AISTATS 2010, with the factor 4 of the laboratory's tutorials.
    """
    layer = Dense(inputs, outputs)
    bound = 4 * math.sqrt(6 / (inputs + outputs))
    nn.init.uniform_(layer.weight, -bound, bound)
    nn.init.zeros_(layer.bias)
    return layer


def sigmoid_layers(widths: Sequence[int]) -> nn.ModuleList:
    """`sigmoid_layer` from each of these widths to the next."""
    return nn.ModuleList(sigmoid_layer(inputs, outputs) for inputs, outputs in pairwise(widths))


def activities(
    layers: Iterable[nn.Module], x: Float[Tensor, "batch inputs"]
) -> Float[Tensor, "batch outputs"]:
    """What logistic units say after these layers, the lowest first; without any, x itself."""
    for layer in layers:
        x = layer(x).sigmoid()
    return x


def mlp(widths: Sequence[int], activation: Callable[[], nn.Module]) -> nn.Sequential:
    """Linear layers of these widths, `activation` between them and not at the end."""
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(widths):
        layers += [Dense(inputs, outputs), activation()]
    return nn.Sequential(*layers[:-1])


def summit(features: int, colours: int, planes: Sequence[int]) -> tuple[int, int, int]:
    """Planes, height and width after convolutions that each halve the side of a square image.

    Raises:
        ValueError: `features` are not that many square planes, or their side is odd on the way.
    """
    side = math.isqrt(features // colours)
    small = side >> len(planes)
    if colours * side**2 != features or small << len(planes) != side:
        raise ValueError(
            f"features {features}: expected {colours} square planes whose side halves "
            f"{len(planes)} times"
        )
    return planes[-1], small, small


def encoder(
    features: int,
    outputs: int,
    *,
    colours: int,
    planes: Sequence[int],
    hidden: Sequence[int],
    activation: Activation,
) -> nn.Sequential:
    """4 x 4 convolutions of stride 2 that give these planes, then linear layers of these widths.

    Without planes, linear layers alone, and images of any shape. Images come as rows of pixels.
    """
    act = ACTIVATIONS[activation]
    if not planes:
        return mlp([features, *hidden, outputs], act)
    top = summit(features, colours, planes)
    side = top[1] << len(planes)
    layers: list[nn.Module] = [nn.Unflatten(1, (colours, side, side))]
    for i, o in pairwise([colours, *planes]):
        layers += [nn.Conv2d(i, o, 4, 2, 1), act()]
    return nn.Sequential(*layers, nn.Flatten(), *mlp([math.prod(top), *hidden, outputs], act))


def decoder(
    latent: int,
    features: int,
    *,
    colours: int,
    planes: Sequence[int],
    hidden: Sequence[int],
    activation: Activation,
) -> nn.Sequential:
    """Linear layers of these widths, then transposed convolutions: `encoder` the other way round.

    `planes` are the encoder's own, in its order; `hidden` are in the order from code to image.
    """
    act = ACTIVATIONS[activation]
    if not planes:
        return mlp([latent, *hidden, features], act)
    top = summit(features, colours, planes)
    layers: list[nn.Module] = [*mlp([latent, *hidden, math.prod(top)], act), nn.Unflatten(1, top)]
    for i, o in pairwise([*planes[::-1], colours]):
        layers += [act(), nn.ConvTranspose2d(i, o, 4, 2, 1)]
    return nn.Sequential(*layers, nn.Flatten())


def encoder_and_decoder(
    features: int,
    latent: int,
    *,
    colours: int,
    planes: Sequence[int],
    hidden: Sequence[int],
    activation: Activation,
) -> tuple[nn.Sequential, nn.Sequential]:
    """`encoder` with two outputs for every number of the code, and `decoder` as its mirror image."""
    up = encoder(
        features, 2 * latent, colours=colours, planes=planes, hidden=hidden, activation=activation
    )
    down = decoder(
        latent,
        features,
        colours=colours,
        planes=planes,
        hidden=hidden[::-1],
        activation=activation,
    )
    return up, down


def zero_(module: nn.Module) -> None:
    """Set every parameter of a module to 0, in place."""
    for parameter in module.parameters():
        nn.init.zeros_(parameter)


def normal_(module: nn.Module, std: float) -> None:
    """Draw every parameter of a module, biases too, from N(0, std^2), in place."""
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=std)


def normal_weights_(module: nn.Module, std: float) -> None:
    """Draw every matrix of a module from N(0, std^2) and set the rest, biases, to 0, in place."""
    for parameter in module.parameters():
        if parameter.dim() == 2:
            nn.init.normal_(parameter, std=std)
        else:
            nn.init.zeros_(parameter)


def uniform_weights_(module: nn.Module, bound: float) -> None:
    """Draw every matrix of a module uniformly from +-bound and set the rest, biases, to 0, in place."""
    for parameter in module.parameters():
        if parameter.dim() == 2:
            nn.init.uniform_(parameter, -bound, bound)
        else:
            nn.init.zeros_(parameter)
