"""What a user of pythae would write: `pythae_job.py IMAGES SIZE,SIZE... SEEDS FILE`.

Trains a variational autoencoder for each size of the code and each seed, one after another, by the
library's own trainer, and writes the bounds of the test set: {size: [bound of each seed, nats]}. The
protocol is that of the spec. The trainer counts whole epochs, of which 10^6 images are 16 and two
thirds: it gets 17 of somewhat fewer images.
"""

import json
import sys
import tomllib
from pathlib import Path

import torch
from nets import DenseNet
from pythae.data.datasets import BaseDataset
from pythae.trainers import BaseTrainer, BaseTrainerConfig

from ae.data.dataset import load
from ae.data.manifest import find_manifest
from ae.library import Library

ROOT = Path(__file__).parents[2]
EPOCHS = 17


def pixels(split, limit):
    """Images of MNIST in [0, 1], (images, 784)."""
    library = Library.at(ROOT)
    mnist = find_manifest("mnist", library)
    return load(mnist, split, limit=limit, library=library, device="cpu").x.float() / 255


def trained(x, size, seed, spec, folder):
    """pythae's own VAE, trained by its own trainer, which saves it in the folder."""
    stage = spec["train"]["stages"]["bound"]
    torch.manual_seed(seed)
    net = DenseNet(x.shape[1], spec["model"]["hidden"][0], size)
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, std=spec["model"]["init"])
    config = BaseTrainerConfig(
        output_dir=str(folder / f"{size}-{seed}"),
        num_epochs=EPOCHS,
        per_device_train_batch_size=stage["batch"],
        optimizer_cls=stage["optimizer"]["class"],
        learning_rate=stage["optimizer"]["lr"],
        optimizer_params={"weight_decay": stage["optimizer"]["weight_decay"]},
        seed=seed,
        no_cuda=True,
    )
    trainer = BaseTrainer(
        net.for_pythae(), BaseDataset(x, torch.zeros(len(x))), training_config=config
    )
    trainer.train()
    return trainer.model


@torch.no_grad()
def bound(model, x):
    """Mean of the lower bound by a sample an image, nats."""
    model.eval()
    return -sum(model({"data": part}).loss.item() * len(part) for part in x.split(1000)) / len(x)


def main(images, sizes, seeds, file):
    spec = tomllib.loads((ROOT / "benchmarks" / "kingma2014-vae.toml").read_text())
    batch = spec["train"]["stages"]["bound"]["batch"]
    limit = max(1, round(images / EPOCHS / batch)) * batch
    x, test = pixels("train", limit), pixels("test", "all")
    found = {}
    for size in sizes:
        models = (trained(x, size, seed, spec, file.parent) for seed in range(seeds))
        found[size] = [bound(model, test) for model in models]
    file.write_text(json.dumps(found))


if __name__ == "__main__":
    images, sizes, seeds, file = sys.argv[1:]
    main(int(images), [int(size) for size in sizes.split(",")], int(seeds), Path(file))
