"""The contract between a model and the trainer.

A model is a pure function of its parameters, a batch and the noise that it asks for. It thinks of
one model and one batch; the stack adds the seed axis to everything.
"""

from abc import ABC, abstractmethod
from typing import ClassVar, Literal, NamedTuple

from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

Noise = dict[str, Tensor]


class Batch(NamedTuple):
    """Examples, and their labels where the data have any; -1 is a label that is hidden."""

    x: Float[Tensor, "batch ..."]
    y: Int[Tensor, " batch"] | None = None


class Draw(NamedTuple):
    """The randomness that one example consumes: standard normal, or uniform on [0, 1)."""

    law: Literal["normal", "uniform"]
    shape: tuple[int, ...]


class Objective(NamedTuple):
    """What a batch costs, example by example.

    `loss` is minimised over the parameters that the stage trains, but those of the submodules
    named in `adversaries`, each of which minimises its own loss. `parts` are the terms that the
    paper names; they are recorded, never differentiated.
    """

    loss: Float[Tensor, " batch"]
    parts: dict[str, Float[Tensor, " batch"]]
    adversaries: dict[str, Float[Tensor, " batch"]] = {}


def classification(
    logits: Float[Tensor, "batch classes"], y: Int[Tensor, " batch"] | None
) -> Objective:
    """Minus the log-probability of the label, in nats; `error` is 1 where another is the likeliest."""
    assert y is not None
    loss = cross_entropy(logits, y, reduction="none")
    error = (logits.argmax(-1) != y).to(loss)
    return Objective(loss=loss, parts={"error": error})


class Autoencoder(nn.Module, ABC):
    """A model that one trainer trains under any number of seeds at once.

    `draws` is the noise of `objective`. `sweeps` names the constructor's arguments that live in
    buffers alone, so that runs differing only in them may train in one stack. `adversaries` names
    the submodules that minimise losses of their own. `in_turn` asks that a CPU computes the members
    one after another: convolutions in groups are no faster there and round otherwise than one
    alone; a model whose layers are a matter of its arguments says so when it is built. A model that
    declares `hidden_labels` learns from examples whose label is -1, too: not told. Further objectives
    (a layer's pretraining, a supervised phase) are methods of the same form that a spec's stage
    names, with the keyword `layer` where the stage gives one.

    A model with a density offers two more methods, by which its likelihood is estimated, each one
    number an example, in nats: `log_weights(x, noise)`, log p(x, z) - log q(z given x) at one
    sample z of the posterior, all its stochastic layers together; and `log_joint(x, latent)`,
    log p(x, z) at given z, by name. `draws_for` tells the noise of the one, and for the other the
    names and shapes of z with the standard normal that annealing starts from.
    """

    draws: dict[str, Draw]
    sweeps: ClassVar[frozenset[str]] = frozenset()
    adversaries: ClassVar[tuple[str, ...]] = ()
    in_turn: bool = False
    hidden_labels: ClassVar[bool] = False

    @abstractmethod
    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """What `batch` costs under the paper's training objective."""

    def draws_for(self, objective: str, layer: int | None) -> dict[str, Draw]:
        """The noise that a method consumes: that of `objective` unless overridden."""
        return self.draws
