"""Seeds of a small model with a codebook and a prior of its codes, drawn wide apart."""

import torch

from ae.models.keras_vq_vae import KerasVQVAE

SIDE, ENTRIES, PLACES, SEEDS = 8, 5, 4, [0, 1, 2]


def built():
    model = KerasVQVAE(
        SIDE**2,
        planes=[3, 4],
        width=2,
        entries=ENTRIES,
        beta=0.25,
        variance=0.1,
        prior_planes=6,
        prior_blocks=1,
        prior_layers=1,
    )
    torch.nn.init.normal_(model.codebook)
    for part in (model.encoder, model.prior):
        for parameter in part.parameters():
            torch.nn.init.normal_(parameter)
    return model


def plain(trained, seed):
    """The module of one seed."""
    model = built()
    model.load_state_dict({k: v[seed] for k, v in trained.stack.tensors().items()})
    return model.eval()
