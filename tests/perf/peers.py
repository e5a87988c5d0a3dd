"""How others train: a DataLoader loop, pythae's trainers, Lightning's."""

import logging
import tempfile
import warnings

import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset

from ae.data.vision import functional


class ToTensorSet(Dataset):
    """Images one at a time as the usual image data sets give them: through PIL, as floats."""

    def __init__(self, images, side):
        self.images = images.view(-1, side, side)

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        import numpy as np

        image = Image.fromarray(self.images[index].numpy(), mode=None)
        array = np.array(image, copy=True)[:, :, None]
        tensor = torch.from_numpy(array).permute(2, 0, 1).contiguous()
        return tensor.to(torch.float32).div(255), 0


def optimizers(net, rate, **options):
    """Adam for each of the net's costs."""
    return [torch.optim.Adam(own, lr=rate, **options) for own in net.groups()]


def example_epoch(net, loader, optimizers):
    """An epoch as the usual example writes it; returns the mean of the first cost."""
    net.train()
    total = 0.0
    for images, _ in loader:
        losses = net.example_losses(images.view(len(images), -1))
        for optimizer, loss in zip(optimizers, losses, strict=True):
            optimizer.zero_grad()  # of what the costs before have left there, too
            loss.backward()
        total += losses[0].item()
        for optimizer in optimizers:
            optimizer.step()
    return total / len(loader)


def example_loader(images, side, batch):
    return DataLoader(ToTensorSet(images, side), batch_size=batch, shuffle=True)


def pythae_trainer(net, images, batch, rate):
    """pythae's trainer, ready for an epoch; without progress bar, printing and checkpoints."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pythae.data.datasets import BaseDataset
        from pythae.trainers import (
            AdversarialTrainer,
            AdversarialTrainerConfig,
            BaseTrainer,
            BaseTrainerConfig,
        )
        from pythae.trainers.training_callbacks import CallbackHandler

        logging.getLogger("pythae").setLevel(logging.ERROR)
        logging.getLogger("pythae.trainers.base_trainer.base_trainer").setLevel(logging.ERROR)
        kind, config, rates = BaseTrainer, BaseTrainerConfig, {"learning_rate": rate}
        if len(net.groups()) == 2:
            kind, config = AdversarialTrainer, AdversarialTrainerConfig
            rates = {"autoencoder_learning_rate": rate, "discriminator_learning_rate": rate}
        settings = config(
            output_dir=tempfile.mkdtemp(prefix="pythae-"),
            per_device_train_batch_size=batch,
            num_epochs=1,
            no_cuda=True,
            **rates,
        )
        data = BaseDataset(images.float() / 255, torch.zeros(len(images)))
        trainer = kind(net.for_pythae(), data, training_config=settings)
        trainer.prepare_training()
        trainer.callback_handler = CallbackHandler([], trainer.model)
    return trainer


def lightning_epoch(net, loader, rate):
    """Lightning's trainer; what is returned trains an epoch, without bar, logs and checkpoints.

    Each call sets its loop up anew, which takes about ten milliseconds.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        functional()  # else a torchvision for CUDA, which Lightning imports, fails beside a CPU's torch
        import lightning

        logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)

        class Module(lightning.LightningModule):
            def __init__(self):
                super().__init__()
                self.net = net

            def training_step(self, batch, index):
                images, _ = batch
                (loss,) = self.net.example_losses(images.view(len(images), -1))
                return loss

            def configure_optimizers(self):
                return torch.optim.Adam(self.parameters(), lr=rate)

        quiet = ("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary")
        module, off = Module(), dict.fromkeys(quiet, False)
        trainer = lightning.Trainer(max_epochs=0, accelerator="cpu", devices=1, **off)

    def epoch():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that more processes would load faster
            trainer.fit_loop.max_epochs += 1
            trainer.fit(module, loader)

    return epoch
