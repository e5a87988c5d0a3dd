"""How far two samples of codes are apart by the means of kernels: the maximum mean discrepancy.

A. Gretton, K. Borgwardt, M. Rasch, B. Schölkopf and A. Smola, A Kernel Two-Sample Test, JMLR 13, 2012;
kernels and scales as I. Tolstikhin, O. Bousquet, S. Gelly and B. Schölkopf, Wasserstein Auto-Encoders,
ICLR 2018, https://arxiv.org/abs/1711.01558, and https://github.com/clementchadebec/benchmark_VAE
have them.
"""

from jaxtyping import Float
from torch import Tensor

SCALES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


def inverse_multiquadratic(
    a: Float[Tensor, "many size"], b: Float[Tensor, "others size"]
) -> Float[Tensor, "many others"]:
    """sum_s C_s / (C_s + |a - b|^2), C_s = 2 size s: the squared distance of two codes of N(0, I), scaled."""
    square = ((a.unsqueeze(1) - b) ** 2).sum(-1)
    widths = [2 * a.shape[-1] * scale for scale in SCALES]
    return sum((c / (c + square) for c in widths[1:]), widths[0] / (widths[0] + square))


def discrepancy(
    codes: Float[Tensor, "batch size"], prior: Float[Tensor, "batch size"]
) -> Float[Tensor, ""]:
    """Mean kernel within the codes and within the prior's sample, less twice that between them.

    Within a sample a code is not paired with itself, so that two samples of one distribution have 0 in
    expectation; a single estimate may be negative.
    """
    n = len(codes)
    within = inverse_multiquadratic(codes, codes), inverse_multiquadratic(prior, prior)
    pairs = sum(k.sum() - k.diagonal().sum() for k in within) / (n * (n - 1))
    return pairs - 2 * inverse_multiquadratic(codes, prior).mean()
