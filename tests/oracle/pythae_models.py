"""Our models of the Pythae benchmark, and models of the library that have the same weights and get the same noise."""

from contextlib import contextmanager
from types import SimpleNamespace
from unittest import mock

import torch
from pythae.models import (
    AE,
    INFOVAE_MMD,
    IWAE,
    RAE_GP,
    RAE_L2,
    SVAE,
    VAE,
    VAMP,
    VQVAE,
    WAE_MMD,
    Adversarial_AE,
    Adversarial_AE_Config,
    AEConfig,
    BetaVAE,
    BetaVAEConfig,
    INFOVAE_MMD_Config,
    IWAEConfig,
    RAE_GP_Config,
    RAE_L2_Config,
    SVAEConfig,
    VAEConfig,
    VAMPConfig,
    VQVAEConfig,
    WAE_MMD_Config,
)
from pythae.models.base.base_utils import ModelOutput
from pythae.models.nn import BaseEncoder
from pythae.trainers import AdversarialTrainer, BaseTrainer, CoupledOptimizerTrainer
from pythae_parts import Decoder, Discriminator
from torch import nn

from ae.models.unified_aae import UnifiedAAE
from ae.models.unified_ae import QuantisedAE, RegularisedAE, WassersteinAE
from ae.models.unified_svae import UnifiedSVAE
from ae.models.unified_vae import InfoVAE, UnifiedIWAE, UnifiedVAE, UnifiedVampVAE

FEATURES, LATENT = 20, 4
RATE, DECAY = 0.01, 0.1
NETWORKS = {"network": "dense", "widths": [12], "latent": LATENT}
SEEN = {**NETWORKS, "variance": 1.0}
SHAPE = {"input_dim": (FEATURES,), "latent_dim": LATENT}

# name -> our class and arguments, the library's class and configuration
CASES = {
    "ae": (RegularisedAE, {**NETWORKS, "pull": 0.0, "smooth": 0.0}, AE, AEConfig, {}),
    "vae": (UnifiedVAE, {**SEEN, "beta": 1.0}, VAE, VAEConfig, {}),
    "beta-vae": (UnifiedVAE, {**SEEN, "beta": 2.0}, BetaVAE, BetaVAEConfig, {"beta": 2.0}),
    "iwae": (UnifiedIWAE, {**SEEN, "samples": 5}, IWAE, IWAEConfig, {"number_samples": 5}),
    "vamp-vae": (
        UnifiedVampVAE,
        {**SEEN, "components": 6},
        VAMP,
        VAMPConfig,
        {"number_components": 6},
    ),
    "wae": (
        WassersteinAE,
        {**NETWORKS, "weight": 10.0},
        WAE_MMD,
        WAE_MMD_Config,
        {"reg_weight": 10.0},
    ),
    "info-vae": (
        InfoVAE,
        {**SEEN, "alpha": 0.25, "weight": 1000.0},
        INFOVAE_MMD,
        INFOVAE_MMD_Config,
        {"alpha": 0.25, "lbd": 1000.0},
    ),
    "l2-rae": (
        RegularisedAE,
        {**NETWORKS, "pull": 0.01, "smooth": 0.0},
        RAE_L2,
        RAE_L2_Config,
        {"embedding_weight": 0.01},
    ),
    "gp-rae": (
        RegularisedAE,
        {**NETWORKS, "pull": 0.01, "smooth": 10.0},
        RAE_GP,
        RAE_GP_Config,
        {"embedding_weight": 0.01, "reg_weight": 10.0},
    ),
    "vq-vae": (
        QuantisedAE,
        {**NETWORKS, "entries": 16, "beta": 0.25, "decay": 0.9},
        VQVAE,
        VQVAEConfig,
        {"num_embeddings": 16, "use_ema": True, "decay": 0.9},
    ),
    "aae": (
        UnifiedAAE,
        {**SEEN, "weight": 0.9, "discriminator": [7]},
        Adversarial_AE,
        Adversarial_AE_Config,
        {"adversarial_loss_scale": 0.9},
    ),
    "svae": (UnifiedSVAE, SEEN, SVAE, SVAEConfig, {}),
}


class Encoder(BaseEncoder):
    def __init__(self, layers):
        super().__init__()
        self.layers = layers

    def forward(self, x):
        z = self.layers(x)
        if z.shape[-1] == LATENT:
            return ModelOutput(embedding=z)
        if z.shape[-1] == LATENT + 1:
            return ModelOutput(embedding=z[:, :-1], log_concentration=z[:, -1:])
        mean, logvar = z.chunk(2, -1)
        return ModelOutput(embedding=mean, log_covariance=logvar)


def pair(name):
    """Our model, and the library's with networks of their own and equal weights."""
    kind, arguments, theirs, config, changes = CASES[name]
    ours, copy = kind(FEATURES, **arguments), kind(FEATURES, **arguments)
    copy.load_state_dict(ours.state_dict())
    more = {"discriminator": Discriminator(copy.discriminator)} if name == "aae" else {}
    model = theirs(
        config(**SHAPE, **changes),
        encoder=Encoder(copy.encoder),
        decoder=Decoder(copy.decoder),
        **more,
    )
    if name == "vamp-vae":
        model.pseudo_inputs[0].load_state_dict(ours.inputs.state_dict())
        model.idle_input = model.idle_input.to(ours.inputs.weight)
    if name == "vq-vae":
        held = model.quantizer
        held.embeddings, held.ema_embed = ours.codebook[:, None].clone(), ours.sums[:, None].clone()
        held.cluster_size = ours.sizes.clone()
        held.to(torch.get_default_dtype())
    return ours, model


@contextmanager
def noise_of(*draws):
    """The library's normal draws are these, in this order."""
    left = [*draws]
    with mock.patch.object(torch, "randn_like", lambda like, **_: left.pop(0).reshape(like.shape)):
        yield
    assert not left


def stepper(name, model):
    """A step of the library's own trainer on an output of its model."""
    halves = model.encoder.parameters(), model.decoder.parameters()
    if name == "l2-rae":
        up, down = halves
        state = SimpleNamespace(
            encoder_optimizer=torch.optim.Adam(up, lr=RATE),
            decoder_optimizer=torch.optim.Adam(down, lr=RATE, weight_decay=DECAY),
            model=model,
            distributed=False,
        )
        return lambda out: CoupledOptimizerTrainer._optimizers_step(state, out)
    if name == "aae":
        both = [*model.encoder.parameters(), *model.decoder.parameters()]
        state = SimpleNamespace(
            autoencoder_optimizer=torch.optim.Adam(both, lr=RATE),
            discriminator_optimizer=torch.optim.Adam(model.discriminator.parameters(), lr=RATE),
        )
        return lambda out: AdversarialTrainer._optimizers_step(state, out)
    state = SimpleNamespace(optimizer=torch.optim.Adam(model.parameters(), lr=RATE))
    return lambda out: BaseTrainer._optimizers_step(state, out)


def own_optimizer(name, model: nn.Module):
    """Ours, with what the spec says of decay."""
    named = [*model.named_parameters()]
    decay = DECAY if name == "l2-rae" else 0.0
    groups = [
        {"params": [p for n, p in named if "decoder" in n], "weight_decay": decay},
        {"params": [p for n, p in named if "decoder" not in n]},
    ]
    return torch.optim.Adam(groups, lr=RATE)
