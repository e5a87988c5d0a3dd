"""Every model of the suite, small, with the stages that a paper trains it by."""

import json
from dataclasses import dataclass
from functools import partial

from ae.models import corruptions, cs182
from ae.models.base import Autoencoder
from ae.models.beta_vae import BetaVAE, ConvBetaVAE
from ae.models.bottleneck import BottleneckAE
from ae.models.capacity_vae import CapacityVAE
from ae.models.conditional_vae import ConditionalVAE
from ae.models.conv_vae import ConvVAE
from ae.models.deep_autoencoder import DeepAutoencoder
from ae.models.denoising import DAE
from ae.models.dip_vae import DIPVAE
from ae.models.error_detector import ErrorDetector
from ae.models.factor_vae import FactorVAE
from ae.models.gated_denoising import ConvGatedDAE, GatedDAE
from ae.models.gaussian_vae import GaussianVAE
from ae.models.iwae import IWAE
from ae.models.k_sparse import KSparse
from ae.models.keras_blog import ConvAE, DenseAE
from ae.models.linear_gaussian import LinearVAE
from ae.models.pca import PCA
from ae.models.residual_conv_vae import ResidualConvVAE
from ae.models.semi_supervised import SBDGM, GaussDGM
from ae.models.shape_free import ShapeFree
from ae.models.stacked_denoising import SDAE
from ae.models.stick_breaking import SBVAE, GaussVAE
from ae.models.tc_vae import BetaTCVAE
from ae.models.vae import VAE
from ae.models.variance_vae import ConvVarianceVAE, VarianceVAE
from ae.spec import Descent, Fit

FEATURES = 17  # odd on purpose: rows that fill no vector register
CLASSES = 3


@dataclass(frozen=True)
class Entry:
    """A model, its stages, and the values of its swept arguments to train side by side."""

    kind: type[Autoencoder]
    arguments: dict
    stages: tuple[tuple[str, Descent | Fit], ...]
    sweep: tuple[dict, ...] = ()
    features: int = FEATURES

    def build(self, **changes):
        return partial(self.kind, self.features, **{**self.arguments, **changes})


def stage(name="train", **keys):
    table = {
        "objective": "objective",
        "modules": "all",
        "batch": 32,
        "epochs": 3,
        "optimizer": {"class": "Adam", "lr": 1e-2},
        **keys,
    }
    return name, Descent.model_validate_json(json.dumps(table))


def layers(objective, modules, count, **keys):
    return [
        stage(f"layer{i}", objective=objective, layer=i, modules=modules(i), **keys)
        for i in range(count)
    ]


SGD = {
    "class": "SGD",
    "lr": 0.05,
    "momentum": 0.5,
    "groups": [{"match": "weight", "weight_decay": 2e-4}],
}
MOMENTUM = [{"key": "momentum", "kind": "step", "at": [0, 1], "values": [0.5, 0.9]}]

NOISE = {"masking": 0.2, "salt_and_pepper": 0.2, "gaussian": 0.3}
QUIET = dict.fromkeys(NOISE, 0.0)
SHOWN = {"classes": CLASSES, "weight": 0.375, "share": 0.5}
DENSE = {"colours": 1, "planes": [], "hidden": [13], "activation": "relu", "latent": 3}
PLANES = {**DENSE, "colours": 2, "planes": [3, 5], "hidden": [7]}
CAPACITY = {"gamma": 10.0, "capacity": 2.0, "distance": "image"}
OPENING = [{"key": "buffer:opened", "kind": "linear", "at": [0, 2], "values": [0, 1]}]
HALVES = {"batch": 64, "epochs": 3}  # so that half a batch fills whole vector registers
CORRELATION = {"alpha": 1.0, "beta": 6.0, "gamma": 1.0, "examples": 96}
CHEN = {"decoder_hidden": [13, 13], "decoder_activation": "tanh", **CORRELATION}
EVEN = {"emphasis_on_corrupted": 1.0, "emphasis_on_rest": 1.0}

ZOO = {
    "pca": Entry(PCA, {"latent": 4}, (("fit", Fit(fit="fit")),)),
    "deep_autoencoder": Entry(
        DeepAutoencoder,
        {"hidden": [13, 9], "latent": 3, "init": 0.1},
        (
            *layers(
                "contrastive_divergence",
                lambda i: [f"encoder.{i}", f"decoder.{2 - i}.bias"],
                3,
                optimizer=SGD,
                schedules=MOMENTUM,
            ),
            stage("finetune", start="unroll"),
        ),
    ),
    "denoising": Entry(
        DAE,
        {"hidden": 11, "corruption": 0.25},
        (stage(optimizer={"class": "SGD", "lr": 0.1}),),
        ({"corruption": 0.0}, {"corruption": 0.5}),
    ),
    "corrupted_layer": Entry(
        corruptions.DAE,
        {
            **NOISE,
            "hidden": 11,
            "init": 0.1,
            "shift": 0.5,
            "scale": 2.0,
            "extreme": 1.0,
            "decay": 0.1,
        },
        (stage(optimizer={"class": "SGD", "lr": 0.01}),),
        ({**NOISE, "decay": 0.0}, {**QUIET, "decay": 0.2}),
    ),
    "corrupted_stack": Entry(
        corruptions.SDAE,
        {**NOISE, **EVEN, "hidden": [13, 9], "classes": CLASSES},
        (
            *layers("denoise", lambda i: [f"encoder.{i}", f"visible_bias.{i}"], 2),
            stage("jittered", objective="jittered", modules=["encoder", "classifier"]),
            stage("finetune", modules=["encoder", "classifier"]),
        ),
        (
            {**NOISE, **EVEN},
            {**QUIET, "emphasis_on_corrupted": 2.0, "emphasis_on_rest": 0.5},
        ),
    ),
    "stacked_denoising": Entry(
        SDAE,
        {"hidden": [13, 9], "classes": CLASSES, "corruption": 0.25},
        (
            *layers("denoise", lambda i: [f"encoder.{i}", f"visible_bias.{i}"], 2, clip=0.5),
            stage("finetune", modules=["encoder", "classifier"]),
        ),
        ({"corruption": 0.0}, {"corruption": 0.5}),
    ),
    **{
        f"stick_breaking_{posterior}": Entry(
            SBVAE,
            {
                "hidden": [13],
                "latent": 5,
                "posterior": posterior,
                "concentration": 5.0,
                "terms": 10,
                "clip": 0.01,
                "init": 0.1,
            },
            (stage(),),
            ({"concentration": 1.0}, {"concentration": 8.0}),
        )
        for posterior in ("kumaraswamy", "gauss_logit", "gamma")
    },
    "stick_breaking_gaussian": Entry(
        GaussVAE, {"hidden": [13], "latent": 3, "init": 0.1}, (stage(),)
    ),
    "semi_supervised_gaussian": Entry(
        GaussDGM,
        {**SHOWN, "hidden": [13], "latent": 3, "init": 0.1},
        (stage(),),
        ({"weight": 0.2, "share": 0.1}, {"weight": 0.8, "share": 0.4}),
    ),
    "semi_supervised_sticks": Entry(
        SBDGM,
        {
            **SHOWN,
            "hidden": [13],
            "latent": 5,
            "concentration": 5.0,
            "terms": 10,
            "clip": 0.01,
            "init": 0.1,
        },
        (stage(),),
        (
            {"weight": 0.2, "share": 0.1, "concentration": 1.0},
            {"weight": 0.8, "share": 0.4, "concentration": 8.0},
        ),
    ),
    "vae": Entry(
        VAE,
        {"hidden": [13], "latent": 3, "init": 0.1, "beta": 1.0},
        (stage(), stage("wake-sleep", objective="wake_sleep")),
        ({"beta": 0.5}, {"beta": 4.0}),
    ),
    "beta_vae": Entry(
        BetaVAE,
        {"encoder": [13], "latent": 3, "decoder": [11, 7], "beta": 1.0},
        (stage(),),
        ({"beta": 0.5}, {"beta": 4.0}),
    ),
    "beta_vae_convolutional": Entry(
        ConvBetaVAE,
        {"colours": 2, "planes": [3, 5], "hidden": [7], "latent": 3, "sigma": 0.2, "beta": 1.0},
        (stage(),),
        ({"beta": 0.5, "sigma": 0.2}, {"beta": 4.0, "sigma": 0.5}),
        features=2 * 8**2,
    ),
    "gaussian_vae": Entry(
        GaussianVAE,
        {"hidden": [13], "latent": 3, "init": 0.1, "floor": -11.0},
        (stage(), stage("wake-sleep", objective="wake_sleep")),
    ),
    "conditional_vae": Entry(
        ConditionalVAE,
        {"hidden": [13], "latent": 3, "classes": CLASSES, "beta": 1.0},
        (stage(),),
        ({"beta": 0.5}, {"beta": 4.0}),
    ),
    "iwae": Entry(
        IWAE,
        {"hidden": [7, 5], "latent": [4, 3], "samples": 3},
        (
            ("bias", Fit(fit="set_bias")),
            stage("weighted"),
            stage("average", objective="average"),
            stage("single", objective="single"),
        ),
    ),
    "conv_vae": Entry(
        ConvVAE,
        {"colours": 2, "planes": [3, 5], "hidden": 7, "latent": 3, "beta": 1.0},
        (stage(),),
        ({"beta": 0.5}, {"beta": 4.0}),
        features=2 * 8**2,
    ),
    "capacity_vae": Entry(
        CapacityVAE,
        {**DENSE, **CAPACITY, "distance": "batch"},
        (stage(schedules=OPENING),),
        ({"gamma": 1.0, "capacity": 4.0}, {"gamma": 10.0, "capacity": 1.0}),
    ),
    "capacity_vae_convolutional": Entry(
        CapacityVAE,
        {**PLANES, **CAPACITY},
        (stage(schedules=OPENING),),
        features=2 * 8**2,
    ),
    "factor_vae": Entry(
        FactorVAE,
        {**DENSE, "latent": 4, "critic": [8, 8], "beta": 1.0, "gamma": 5.0},
        (stage(**HALVES), stage("in-turn", update="alternating", **HALVES)),
        ({"beta": 4.0, "gamma": 0.0}, {"beta": 1.0, "gamma": 20.0}),
    ),
    **{
        f"tc_vae_{sampling}": Entry(
            BetaTCVAE,
            {**DENSE, **CHEN, "sampling": sampling},
            (stage(),),
            ({"alpha": 0.5, "beta": 1.0, "gamma": 1.0}, {"alpha": 1.0, "beta": 8.0, "gamma": 2.0}),
        )
        for sampling in ("weighted", "stratified")
    },
    "dip_vae": Entry(
        DIPVAE,
        {**DENSE, "lambda_od": 2.0, "lambda_d": 20.0, "variance": 0.0},
        (stage(),),
        (
            {"lambda_od": 1.0, "lambda_d": 10.0, "variance": 0.0},
            {"lambda_od": 5.0, "lambda_d": 5.0, "variance": 1.0},
        ),
    ),
    "dip_vae_convolutional": Entry(
        DIPVAE,
        {**PLANES, "lambda_od": 5.0, "lambda_d": 5.0, "variance": 1.0},
        (stage(),),
        features=2 * 8**2,
    ),
    "residual_conv_vae": Entry(
        ResidualConvVAE,
        {"colours": 1, "planes": 2, "latent": 3, "mean": 0.5, "std": 0.3},
        (stage(epochs=1),),
        features=28**2,
    ),
    "error_detector": Entry(
        ErrorDetector,
        {"hidden": [13], "latent": 3, "detail": 1.0},
        (stage(),),
        ({"detail": 0.0}, {"detail": 0.5}),
    ),
    "keras_blog_dense": Entry(
        DenseAE,
        {"hidden": [13], "latent": 5, "sparsity": 1e-3},
        (stage(),),
        ({"sparsity": 0.0}, {"sparsity": 0.1}),
    ),
    "keras_blog_convolutional": Entry(
        ConvAE,
        {"planes": [3, 2, 4], "noise": 0.5},
        (stage(),),
        ({"noise": 0.0}, {"noise": 0.25}),
        features=12**2,
    ),
    "bottleneck": Entry(
        BottleneckAE,
        {"hidden": [13], "latent": 3, "centre": 0.5, "scale": 0.5},
        (stage(),),
    ),
    "gated_denoising": Entry(
        GatedDAE, {"hidden": [13], "latent": 3, "sigma": 0.2, "squared": True}, (stage(),)
    ),
    "gated_denoising_convolutional": Entry(
        ConvGatedDAE,
        {"planes": [2, 3], "hidden": 7, "latent": 3, "sigma": 0.2},
        (stage(),),
        features=10**2,
    ),
    "variance_vae": Entry(
        VarianceVAE, {"hidden": [13], "latent": 3, "min_logvar": -6.0, "squared": True}, (stage(),)
    ),
    "variance_vae_convolutional": Entry(
        ConvVarianceVAE,
        {"planes": [2, 3], "hidden": 7, "latent": 3, "min_logvar": -6.0},
        (stage(),),
        features=12**2,
    ),
    "shape_free": Entry(ShapeFree, {"sigma": 0.2, "min_logvar": -6.0}, (("fit", Fit(fit="fit")),)),
    "k_sparse": Entry(
        KSparse,
        {"hidden": 11, "k": 4, "most": 7, "alpha": 1.5, "classes": CLASSES, "init": 0.1},
        (
            stage(
                modules=["weight", "hidden_bias", "visible_bias"],
                schedules=[
                    {"key": "buffer:annealed", "kind": "linear", "at": [0, 1.5], "values": [0, 1]}
                ],
            ),
            stage(
                "finetune", objective="supervised", modules=["weight", "hidden_bias", "classifier"]
            ),
        ),
        ({"k": 2, "alpha": 1.0}, {"k": 7, "alpha": 1.5}, {"k": 7, "alpha": 1.0}),
    ),
    "linear_gaussian": Entry(
        LinearVAE,
        {"latent": 3, "init": 0.1, "rotated": True, "full": True},
        (
            ("fit", Fit(fit="fit")),
            stage(),
            stage("exact", objective="exact_objective"),
        ),
        ({"rotated": False, "full": False}, {"rotated": True, "full": True}),
    ),
    "cs182_ae": Entry(
        cs182.AE,
        {"latent": 8, "bottleneck": 0, "noise": 0.5},
        (stage(),),
        ({"noise": 0.0}, {"noise": 1.0}),
    ),
    "cs182_vae": Entry(
        cs182.VAE,
        {"latent": 8, "bottleneck": 3, "noise": 0.5, "weight": 0.01},
        (stage(),),
        ({"noise": 0.0}, {"weight": 1.0}),
    ),
}
