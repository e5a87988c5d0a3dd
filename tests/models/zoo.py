"""Every model of the suite, small, with the stages that a paper trains it by."""

import json
from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace

import pytest

from ae.models import corruptions, cs182
from ae.models.aae import AAE
from ae.models.base import Autoencoder
from ae.models.bernoulli_vae import BernoulliVAE
from ae.models.beta_vae import BetaVAE, ConvBetaVAE
from ae.models.bottleneck import BottleneckAE, SquaresAE
from ae.models.capacity_vae import CapacityVAE
from ae.models.categorical_aae import CategoricalAAE
from ae.models.ccm_aae import CCMAAE
from ae.models.conditional_vae import ConditionalVAE
from ae.models.conv_mae import ConvMAE
from ae.models.conv_vae import ConvVAE
from ae.models.cross_domain import CrossDomain
from ae.models.cs182_photographs import CourseVAE, CourseVQVAE
from ae.models.deep_attentive import AttentiveVAE
from ae.models.deep_autoencoder import DeepAutoencoder
from ae.models.denoising import DAE
from ae.models.digits_vae import HierarchicalVAE
from ae.models.dip_vae import DIPVAE
from ae.models.disentangling_vae import DisentanglingVAE
from ae.models.embedded_clustering import DEC
from ae.models.error_detector import ErrorDetector
from ae.models.estimator_vae import EstimatorVAE
from ae.models.factor_vae import FactorVAE
from ae.models.flow_vae import FlowVAE
from ae.models.gan import GAN
from ae.models.gated_denoising import ConvGatedDAE, GatedDAE
from ae.models.gaussian_vae import GaussianVAE
from ae.models.hyperspherical_vae import SVAE
from ae.models.iwae import IWAE
from ae.models.k_sparse import KSparse
from ae.models.keras_blog import ConvAE, DenseAE
from ae.models.keras_conv import ConvTransposeAE
from ae.models.keras_mae import KerasMAE
from ae.models.keras_vae import FullCovarianceVAE, KerasVAE
from ae.models.keras_vq_vae import KerasVQVAE
from ae.models.ladder_vae import LadderVAE
from ae.models.learnt_prior_vae import LearntPriorVAE
from ae.models.linear_gaussian import LinearVAE
from ae.models.m2 import M2
from ae.models.masked import MAE
from ae.models.mirrored import AMA
from ae.models.misa import MISA
from ae.models.nvae import NVAE
from ae.models.pca import PCA
from ae.models.prior_vae import PriorVAE
from ae.models.prototypes import Prototypes
from ae.models.relaxed_vae import RelaxedBernoulliVAE, RelaxedCategoricalVAE
from ae.models.residual_conv_vae import ResidualConvVAE
from ae.models.residual_k_means import ResidualKMeans
from ae.models.rq_vae import RQVAE
from ae.models.semi_supervised import SBDGM, GaussDGM
from ae.models.shape_free import ShapeFree
from ae.models.sparse_autoencoder import StackedSparseAE
from ae.models.stacked_denoising import SDAE
from ae.models.stick_breaking import SBVAE, GaussVAE
from ae.models.sticking_the_landing import StickingVAE
from ae.models.structured_output import CVAE
from ae.models.supervised_aae import SupervisedAAE
from ae.models.tc_vae import BetaTCVAE
from ae.models.teaching_vae import DenseVAE, FransVAE
from ae.models.tied_conv import TiedConvAE
from ae.models.um_mae import UMMAE
from ae.models.unified_aae import UnifiedAAE
from ae.models.unified_ae import QuantisedAE, RegularisedAE, WassersteinAE
from ae.models.unified_svae import UnifiedSVAE
from ae.models.unified_vae import InfoVAE, UnifiedIWAE, UnifiedVAE, UnifiedVampVAE
from ae.models.vae import VAE
from ae.models.vamp_vae import VampVAE
from ae.models.variance_vae import ConvVarianceVAE, VarianceVAE
from ae.models.vq_vae import VQVAE
from ae.spec import Descent, Fit
from ae.training.plan import Member, StackPlan

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
WARM = [{"key": "buffer:beta", "kind": "linear", "at": [0, 2], "values": [0, 1]}]
SOON = [{"key": "buffer:beta", "kind": "linear", "at": [0, 0.5], "values": [0.1, 1]}]
GROUPS = {"channels": 2, "latent": 2, "blocks": 1, "outer": 1, "inner": 1}
ABSOLUTE = {"residual": False, "balanced": False, "spectral": 0.0}
HALVES = {"batch": 64, "epochs": 3}  # so that half a batch fills whole vector registers
CORRELATION = {"alpha": 1.0, "beta": 6.0, "gamma": 1.0, "examples": 96}
MASKED = {"colours": 3, "decoder_width": 12, "decoder_depth": 1, "decoder_heads": 2}
COURSE = {"planes": 4, "narrow": 2, "many": 3, "wide": 3, "few": 2}
CODED = {
    "colours": 2,
    "planes": 4,
    "residual_planes": 6,
    "residual_layers": 1,
    "width": 3,
    "entries": 5,
    "decay": 0.9,
    "beta": 0.25,
    "variance": 0.1,
}
WHOLE = {"noise": 1.0, "divergence": 1.0}
HALVED = ["first_encoder", "first_decoder", "second_encoder", "second_decoder"]
CHEN = {"decoder_hidden": [13, 13], "decoder_activation": "tanh", **CORRELATION}
EVEN = {"emphasis_on_corrupted": 1.0, "emphasis_on_rest": 1.0}

UNIFIED = {"network": "dense", "widths": [13], "latent": 3}
UNIFIED_CONV = {"network": "convolutions", "widths": [2, 3, 4, 5], "latent": 3}
SEEN = {**UNIFIED, "variance": 0.5}
PAIR = {"class": "SGD", "lr": 0.05, "momentum": 0.9}
LIGHT = {"class": "SGD", "lr": 0.05, "momentum": 0.1}
AUTOENCODER = {"modules": ["encoder", "decoder"], "optimizer": PAIR}
PLAIN = {
    "hidden": [13],
    "discriminator": [9],
    "latent": 2,
    "prior": "normal",
    "scale": 5.0,
    "classes": CLASSES,
    "told": False,
    "cost": "squared",
    "posterior": "none",
    "keep": 1.0,
    "init": 0.1,
}


def phase(objective, *modules, **keys):
    return {
        "name": objective,
        "objective": objective,
        "modules": modules,
        "optimizer": LIGHT,
        **keys,
    }


ADVERSARIAL = [phase("discrimination", "discriminator"), phase("confusion", "encoder")]
STYLE = {
    "hidden": [13],
    "discriminator": [9],
    "latent": 2,
    "classes": CLASSES,
    "normalised": False,
    "keep": 1.0,
    "noise": 0.0,
    "init": 0.1,
}
HEADS = ["encoder", "label", "style"]
TWO_JUDGES = [
    phase("discrimination", "label_discriminator", "style_discriminator"),
    phase("confusion", *HEADS),
    phase("supervision", "encoder", "label", labelled=32),
]
CURVED = {
    "hidden": [13],
    "discriminator": [9],
    "latent": 2,
    "width": 5.0,
    "pull": 0.5,
    "decay": 0.01,
}

LBFGS = {"batch": "all", "epochs": 5, "optimizer": {"class": "LBFGS", "lr": 1.0}}

ZOO = {
    "prototypes": Entry(Prototypes, {"count": 8, "steps": 2}, (("fit", Fit(fit="fit")),)),
    "gan": Entry(
        GAN,
        {
            "latent": 5,
            "hidden": [13],
            "units": [7, 5],
            "pieces": 3,
            "spread": 0.1,
            "keep_input": 0.8,
            "keep_hidden": 0.5,
            "discriminator_spread": 0.1,
        },
        (("bias", Fit(fit="set_bias")), stage(optimizer=PAIR)),
    ),
    "aae": Entry(AAE, PLAIN, (stage(phases=ADVERSARIAL, **AUTOENCODER),)),
    "aae_gaussian": Entry(
        AAE,
        {**PLAIN, "cost": "cross_entropy", "posterior": "gaussian", "keep": 0.8, "init": "glorot"},
        (stage(phases=ADVERSARIAL, **AUTOENCODER),),
    ),
    **{
        f"aae_{prior}": Entry(
            AAE,
            {**PLAIN, "prior": prior, "told": True},
            (stage(phases=ADVERSARIAL, **AUTOENCODER),),
        )
        for prior in ("petals", "roll")
    },
    "aae_supervised": Entry(
        SupervisedAAE,
        {k: STYLE[k] for k in ("hidden", "discriminator", "latent", "classes", "init")},
        (stage(phases=ADVERSARIAL, **AUTOENCODER),),
    ),
    "aae_categorical": Entry(
        CategoricalAAE,
        {**STYLE, "noise": 0.3},
        (stage(phases=TWO_JUDGES, modules=[*HEADS, "decoder"], optimizer=PAIR),),
    ),
    "aae_clusters": Entry(
        CategoricalAAE,
        {**STYLE, "normalised": True, "keep": 0.8},
        (stage(phases=TWO_JUDGES[:2], modules=[*HEADS, "decoder"], optimizer=PAIR),),
    ),
    **{
        f"ccm_aae_{name}": Entry(
            CCMAAE,
            {**CURVED, "curvature": curvature},
            (stage(phases=ADVERSARIAL, **AUTOENCODER),),
            ({"pull": 0.0}, {"pull": 0.75}),
        )
        for name, curvature in (("sphere", 1), ("plane", 0), ("hyperboloid", -1))
    },
    **{
        f"hyperspherical_vae_{latent}": Entry(
            SVAE,
            {"hidden": [13], "latent": latent, "beta": 1.0},
            (stage(),),
            ({"beta": 0.5}, {"beta": 4.0}),
        )
        for latent in (2, 5)
    },
    "unified_ae_conv": Entry(
        RegularisedAE, {**UNIFIED_CONV, "pull": 0.0, "smooth": 0.5}, (stage(),), features=28**2
    ),
    "unified_ae_regularised": Entry(
        RegularisedAE, {**UNIFIED, "pull": 0.5, "smooth": 0.0}, (stage(),)
    ),
    "unified_ae_smooth": Entry(RegularisedAE, {**UNIFIED, "pull": 0.5, "smooth": 0.5}, (stage(),)),
    "unified_ae_wasserstein": Entry(WassersteinAE, {**UNIFIED, "weight": 10.0}, (stage(),)),
    "unified_ae_quantised": Entry(
        QuantisedAE, {**UNIFIED, "entries": 5, "beta": 0.25, "decay": 0.9}, (stage(),)
    ),
    "unified_vae": Entry(
        UnifiedVAE, {**SEEN, "beta": 1.0}, (stage(),), ({"beta": 0.5}, {"beta": 2.0})
    ),
    "unified_vae_info": Entry(InfoVAE, {**SEEN, "alpha": 0.25, "weight": 10.0}, (stage(),)),
    "unified_vae_iwae": Entry(UnifiedIWAE, {**SEEN, "samples": 4}, (stage(),)),
    "unified_vae_vamp": Entry(UnifiedVampVAE, {**SEEN, "components": 5}, (stage(),)),
    "unified_aae": Entry(
        UnifiedAAE, {**SEEN, "weight": 0.9, "discriminator": [7]}, (stage(optimizer=PAIR),)
    ),
    "unified_svae": Entry(UnifiedSVAE, SEEN, (stage(),)),
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
        {**SHOWN, "hidden": [13, 13], "skips": True, "latent": 3, "init": 0.1},
        (stage(),),
        ({"weight": 0.2, "share": 0.1}, {"weight": 0.8, "share": 0.4}),
    ),
    "semi_supervised_sticks": Entry(
        SBDGM,
        {
            **SHOWN,
            "hidden": [13],
            "skips": False,
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
    **{
        f"bernoulli_vae_{name}": Entry(
            BernoulliVAE,
            {
                "hidden": [13, 7],
                "latent": 3,
                "activation": activation,
                "init": init,
                "heads": heads,
                "scale": scale,
                "beta": 1.0,
            },
            (stage(), stage("sampled", objective="sampled")),
            ({"beta": 0.5}, {"beta": 4.0}),
        )
        for name, scale, activation, init, heads in (
            ("logvar", "logvar", "relu", "glorot_normal", "apart"),
            ("softplus", "softplus", "leaky_relu", "torch", "apart"),
            ("joint", "softplus", "relu", "glorot_uniform", "joint"),
        )
    },
    **{
        f"masked_{sampling}_{target}": Entry(
            MAE,
            {
                **MASKED,
                "patch": 3,
                "width": 20,
                "depth": 2,
                "heads": 2,
                "masked": 0.75,
                "sampling": sampling,
                "target": target,
            },
            (stage(epochs=1),),
            features=3 * 12**2,
        )
        for sampling, target in (
            ("random", "pixels"),
            ("grid", "pixels"),
            ("block", "pixels"),
            ("uniform", "normalised"),
        )
    },
    **{
        f"um_mae_{secondary}": Entry(
            UMMAE,
            {
                **MASKED,
                "patch": 2,
                "width": 12,
                "local": 1,
                "depth": 1,
                "heads": 2,
                "secondary": secondary,
                "target": "pixels",
            },
            (stage(epochs=1),),
            features=3 * 8**2,
        )
        for secondary in (0.0, 0.25)
    },
    **{
        f"conv_mae_{masking}": Entry(
            ConvMAE,
            {
                **MASKED,
                "patch": 8,
                "widths": [4, 6, 12],
                "depths": [1, 1, 1],
                "heads": 2,
                "masked": 0.5,
                "masking": masking,
                "target": "normalised",
            },
            (stage(epochs=1),),
            features=3 * 16**2,
        )
        for masking in (True, False)
    },
    "cross_domain": Entry(
        CrossDomain,
        {"hidden": [13], "latent": 3, "bridge": 5},
        (
            stage("apart", objective="reconstruction", modules=HALVED),
            stage("pairs", order="labelled"),
        ),
        features=18,
    ),
    "tied_conv": Entry(
        TiedConvAE,
        {"planes": 3, "latent": 4, "keep": 0.75, "centre": 0.3, "switches": True},
        (stage(),),
        features=8**2,
    ),
    "teaching_dense": Entry(
        DenseVAE,
        {"hidden": [13, 11], "latent": 3, "keep": 0.9, **WHOLE},
        (stage(),),
        ({"noise": 0.0, "divergence": 0.0}, {"noise": 1.0, "divergence": 0.5}),
    ),
    "teaching_frans": Entry(
        FransVAE,
        {"planes": [3, 5], "latent": 3, "scale": "free", **WHOLE},
        (stage(optimizer={"class": "Adam", "lr": 1e-3}),),
        ({"noise": 0.0, "divergence": 0.0}, {"noise": 1.0, "divergence": 0.5}),
        features=8**2,
    ),
    "misa": Entry(
        MISA,
        {
            "views": 3,
            "width": 8,
            "heads": 2,
            "levels": 2,
            "similarity": 1.0,
            "difference": 0.3,
            "reconstruction": 1.0,
        },
        (stage(epochs=1),),
        (
            {"similarity": 0.0, "difference": 0.1, "reconstruction": 2.0},
            {"similarity": 2.0, "difference": 0.0, "reconstruction": 0.0},
        ),
        features=15,
    ),
    "keras_mae": Entry(
        KerasMAE,
        {
            **MASKED,
            "size": 12,
            "patch": 3,
            "width": 8,
            "depth": 1,
            "heads": 2,
            "masked": 0.75,
            "classes": CLASSES,
        },
        (
            stage(
                epochs=1,
                modules=[
                    "embedding",
                    "positions",
                    "masked",
                    "encoder",
                    "enter",
                    "decoder",
                    "leave",
                ],
            ),
            stage("probe", objective="classification", modules=["classifier"]),
        ),
        features=3 * 8**2,
    ),
    "learnt_prior_vae": Entry(
        LearntPriorVAE,
        {
            "encoder": [13],
            "latent": 3,
            "decoder": [9, 7],
            "hidden_range": 0.3,
            "output_range": 0.2,
        },
        (stage(),),
    ),
    "hierarchical_vae": Entry(
        HierarchicalVAE,
        {"width": 11, "latent": 2, "levels": 5, "floor": 1e-7},
        (stage(optimizer={"class": "Adamax", "lr": 1e-2}),),
    ),
    **{
        f"prior_vae_{prior}{'' if joint else '_apart'}": Entry(
            PriorVAE,
            {
                "hidden": [13, 11],
                "latent": 2,
                "levels": 5,
                "floor": 1e-5,
                "prior": prior,
                "components": 16,  # rows that fill whole vector registers, whatever the width
                "joint": joint,
            },
            (stage(optimizer={"class": "Adamax", "lr": 1e-2}),),
        )
        for prior, joint in (
            ("standard", True),
            ("mixture", False),
            ("vamp", True),
            ("gtm-vamp", True),
            ("flow", True),
        )
    },
    **{
        f"estimator_vae_{estimator}": Entry(
            EstimatorVAE,
            {"hidden": [13], "latent": 3, "estimator": estimator, "free": 0.0},
            (
                stage(),
                stage("pathwise", objective="pathwise"),
                stage("score", objective="score"),
            ),
            ({"free": 0.1}, {"free": 0.5}),
        )
        for estimator in ("pathwise", "score")
    },
    "relaxed_bernoulli": Entry(
        RelaxedBernoulliVAE,
        {"hidden": [13], "latent": 5, "temperature": 1.0},
        (stage(),),
        ({"temperature": 0.5}, {"temperature": 2.0}),
    ),
    "relaxed_categorical": Entry(
        RelaxedCategoricalVAE,
        {"hidden": [13], "latent": 3, "classes": 4, "temperature": 1.0},
        (stage(),),
        ({"temperature": 0.5}, {"temperature": 2.0}),
    ),
    "flow_vae": Entry(
        FlowVAE,
        {"hidden": [13, 11], "latent": 5, "flows": 2, "width": 9},
        (stage(optimizer={"class": "RMSprop", "lr": 1e-3, "centered": True}),),
    ),
    "sticking_the_landing": Entry(
        StickingVAE,
        {"hidden": [13, 7], "latent": 3, "samples": 4},
        (
            stage("average", optimizer={"class": "Adadelta", "lr": 1.0}),
            stage("average-path", objective="average_path"),
            stage("weighted", objective="weighted"),
            stage("weighted-path", objective="weighted_path"),
        ),
    ),
    "keras_vae": Entry(
        KerasVAE, {"planes": [3, 5], "hidden": 7, "latent": 2}, (stage(),), features=12**2
    ),
    "full_covariance_vae": Entry(
        FullCovarianceVAE,
        {"depth": 3, "latent": 3, "beta": 1.0},
        (stage(),),
        ({"beta": 0.5}, {"beta": 2.0}),
        features=8**2,
    ),
    "disentangling_vae": Entry(
        DisentanglingVAE,
        {"colours": 1, "planes": [3, 5], "hidden": [9, 7], "latent": 3, "beta": 1.0},
        (stage(),),
        ({"beta": 0.5}, {"beta": 4.0}),
        features=8**2,
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
    **{
        f"ladder_vae_{name}": Entry(
            LadderVAE,
            {"hidden": [13, 9], "latent": [4, 3], "ladder": ladder, "normalised": normalised},
            (stage(schedules=WARM, optimizer={"class": "Adam", "lr": 1e-3, "eps": 1e-4}),),
        )
        for name, ladder, normalised in (("plain", False, False), ("ladder", True, True))
    },
    "nvae": Entry(
        NVAE,
        {**GROUPS, "groups": [1, 1], "residual": True, "balanced": True, "spectral": 0.1},
        (stage(epochs=1, schedules=SOON),),
        features=4**2,
    ),
    **{
        f"deep_attentive_{depth}": Entry(
            AttentiveVAE,
            {**GROUPS, "layers": 3, **ABSOLUTE, "key": 2, "depth": depth, "spatial": True},
            (stage(epochs=1, schedules=SOON),),
            features=4**2,
        )
        for depth in (False, True)
    },
    **{
        f"vamp_vae_{levels}_{prior}": Entry(
            VampVAE,
            {"width": 7, "latent": 3, "levels": levels, "prior": prior, "components": 16},
            (stage(schedules=WARM),),
        )
        for levels, prior in ((1, "standard"), (2, "mixture"), (2, "vamp"))
    },
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
    "bottleneck_squares": Entry(SquaresAE, {"hidden": [13], "latent": 3}, (stage(),)),
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
    **{
        f"vq_vae_{rule}": Entry(
            VQVAE,
            {**CODED, "codebook": rule},
            (stage(),),
            ({"beta": 0.1}, {"beta": 2.0}),
            features=2 * 8**2,
        )
        for rule in ("averages", "gradient", "fixed")
    },
    "rq_vae": Entry(
        RQVAE,
        {**CODED, "depth": 3, "restart": True},
        (stage(),),
        ({"beta": 0.1, "restart": True}, {"beta": 2.0, "restart": False}),
        features=2 * 8**2,
    ),
    "residual_k_means": Entry(
        ResidualKMeans,
        {"colours": 2, "patch": 4, "entries": 5, "depth": 2, "steps": 3},
        (("fit", Fit(fit="fit")),),
        features=2 * 8**2,
    ),
    "keras_vq_vae": Entry(
        KerasVQVAE,
        {
            "planes": [3, 4],
            "width": 2,
            "entries": 5,
            "beta": 0.25,
            "variance": 0.1,
            "prior_planes": 12,
            "prior_blocks": 1,
            "prior_layers": 1,
        },
        (
            stage(modules=["encoder", "decoder", "codebook"]),
            stage("prior", objective="code_nll", modules=["prior"]),
        ),
        features=8**2,
    ),
    "cs182_photographs_vq": Entry(
        CourseVQVAE,
        {**COURSE, "width": 3, "entries": 5, "beta": 0.25, "variance": 0.1},
        (stage(epochs=1),),
        features=3 * 8**2,
    ),
    **{
        f"cs182_photographs_{name}": Entry(
            CourseVAE,
            {**COURSE, "latent": 4, "variational": name == "vae", "weight": 0.01, "noise": 0.0},
            (stage(epochs=1),),
            ({"noise": 0.5, "weight": 0.01}, {"noise": 0.0, "weight": 1.0}),
            features=3 * 8**2,
        )
        for name in ("ae", "vae")
    },
    "keras_conv": Entry(
        ConvTransposeAE,
        {"planes": [3, 2], "noise": 0.4},
        (stage("clean", objective="clean"), stage("noisy")),
        ({"noise": 0.0}, {"noise": 1.0}),
        features=8**2,
    ),
    "stacked_sparse": Entry(
        StackedSparseAE,
        {
            "hidden": [7, 5],
            "classes": CLASSES,
            "sparsity": 0.1,
            "penalty": 3.0,
            "decay": 0.003,
            "classifier_decay": 0.003,
        },
        (
            *layers("sparse", lambda i: [f"encoder.{i}", f"decoder.{i}"], 2, **LBFGS),
            stage("softmax", objective="softmax", modules=["classifier"], **LBFGS),
            stage("finetune", modules=["encoder", "classifier"], **LBFGS),
        ),
        (
            {"sparsity": 0.2, "penalty": 1.0, "decay": 0.0, "classifier_decay": 0.1},
            {"sparsity": 0.05, "penalty": 0.0, "decay": 0.1, "classifier_decay": 0.0},
        ),
    ),
    "embedded_clustering": Entry(
        DEC,
        {
            "hidden": [13],
            "latent": 3,
            "clusters": 4,
            "starts": 2,
            "iterations": 3,
            "tolerance": 0.0,
        },
        (
            stage("pretrain", objective="reconstruct_pixels", modules=["encoder", "decoder"]),
            ("place", Fit(fit="place")),
            stage(modules=["encoder", "centres"], refresh={"call": "retarget", "every": 2}),
        ),
    ),
    "m2": Entry(
        M2,
        {"hidden": [13], "latent": 3, "classes": CLASSES, "weight": 46.0, "init": 0.1},
        (stage("alone", objective="classifier_alone", modules=["classifier"]), stage()),
        ({"weight": 0.0}, {"weight": 5.0}),
    ),
    "structured_output": Entry(
        CVAE,
        {"quadrants": 1, "hidden": [13], "latent": 3},
        (
            stage("guess", objective="guess", modules=["baseline"]),
            stage(modules=["prior", "recognition", "generation"]),
        ),
        features=6**2,
    ),
    **{
        f"mirrored{name}": Entry(
            AMA,
            {
                "latent": 3,
                "critic": 5,
                "activation": "relu",
                "norm_weight": 1.0,
                "atypical": 0.3,
                "atypical_weight": 5.0,
                "interpolation": 0.2,
                "gradient_penalty": 10.0,
                **networks,
            },
            (
                stage(
                    objective="criticise",
                    modules=["critic", "judge"],
                    phases=[
                        {
                            "name": "autoencoder",
                            "objective": "objective",
                            "modules": ["encoder", "generator"],
                            "optimizer": {"class": "Adam", "lr": 1e-2},
                        }
                    ],
                ),
            ),
            (
                {
                    "norm_weight": 0.0,
                    "atypical": 0.0,
                    "atypical_weight": 1.0,
                    "interpolation": 0.0,
                    "gradient_penalty": 1.0,
                },
                {
                    "norm_weight": 2.0,
                    "atypical": 0.5,
                    "atypical_weight": 2.0,
                    "interpolation": 1.0,
                    "gradient_penalty": 5.0,
                },
            ),
            features=features,
        )
        for name, networks, features in (
            ("", {"colours": 1, "planes": [], "hidden": [7]}, FEATURES),
            (
                "_convolutional",
                {"colours": 2, "planes": [8, 6], "hidden": [], "critic": 9},
                2 * 8**2,
            ),
        )
    },
}

FIRST = {entry.kind: name for name, entry in reversed(ZOO.items())}  # of each class
VARIED = [  # a class once; its other arguments at night, for tests of what they hardly touch
    name if name in FIRST.values() else pytest.param(name, marks=pytest.mark.nightly)
    for name in ZOO
]


def stack_plan(build, stages, seeds):
    """A plan of such members by these stages, as if a spec had asked for it."""
    train = SimpleNamespace(
        use=[name for name, _ in stages], stages=dict(stages), precision="float32"
    )
    cell = SimpleNamespace(name="a", train=train, model={"class": "a.A", "built": repr(build)})
    return StackPlan(tuple(Member(cell, seed, build, "", {}, {}) for seed in seeds))
