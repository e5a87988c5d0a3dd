"""What a model loses without the latent units that it does not use.

Burda, Grosse and Salakhutdinov, Importance Weighted Autoencoders, ICLR 2016,
https://arxiv.org/abs/1509.00519, section 5.2.
"""

from dataclasses import replace

import torch

from ae.metrics.likelihood import nll, variance_of_means
from ae.metrics.shared import Split
from ae.spec.facts import measure
from ae.training.trained_run import Trained


@measure(
    label="Change of -log p(x) without the inactive units, {samples:,} importance samples",
    unit="nats",
    better="lower",
)
def removal(
    trained: Trained,
    *,
    split: Split,
    examples: int,
    samples: int,
    codes: list[str],
    threshold: float,
    units_from: int,
) -> list[float]:
    """`likelihood.nll` of the model without its inactive units, less that of the whole model.

    A unit is inactive if the variance of its posterior mean over the first `units_from` training
    images is at most `threshold`. Both see the same noise. 0 if no unit is inactive.

    Args:
        trained: The run.
        split: Whose images the likelihood is of.
        examples: How many of them.
        samples: Importance samples of each.
        codes: The model's methods that give the posterior mean, one a stochastic layer, from the
            pixels up; its method `remove` takes as many masks.
        threshold: Of the variance.
        units_from: Training images.
    """
    kept = []
    for code in codes:
        variance = variance_of_means(trained, "train", units_from, code)
        like = next(iter(trained.stack.parameters.values()))
        kept.append((variance > threshold).to(like.dtype))
    pruned = trained.stack.select(range(len(trained.seeds)))
    with torch.no_grad():
        pruned.call("remove", *kept)
    smaller = replace(trained, stack=pruned, _memory={})
    without = nll(smaller, split=split, examples=examples, samples=samples)
    whole = nll(trained, split=split, examples=examples, samples=samples)
    return [a - b for a, b in zip(without, whole, strict=True)]
