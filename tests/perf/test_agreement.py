"""The arms are the same mathematics, else comparing their times says nothing."""

import peers
import pytest
import torch
from arms import RATE, Peak, Tuned, protocol, source
from workloads import WORKLOADS

from ae.training.stack import Stack, generator
from ae.training.trainer import Training

STEPS = 5
EACH = pytest.mark.parametrize("workload", WORKLOADS.values(), ids=WORKLOADS)


def same_weights(net, model):
    with torch.no_grad():
        for own, other in zip(net.parameters(), model.parameters(), strict=True):
            own.copy_(other)


def small(workload):
    """The workload's first images: few enough for a quick test, one epoch of STEPS steps."""
    images = workload.images()
    repeated = images.repeat(1 + STEPS * workload.batch // len(images), 1)
    return repeated[: STEPS * workload.batch]


@EACH
def test_the_tuned_loop_and_the_trainer_lose_the_same_step_by_step(workload):
    images, seed = small(workload), 7
    stack = Stack([workload.build], [seed])
    tuned = Tuned(workload)
    with torch.no_grad():
        for own, other in zip(tuned.net.parameters(), stack.parameters.values(), strict=True):
            own.copy_(other[0])
    order = torch.randperm(len(images), generator=generator(seed, "order"))
    noises, expected = generator(seed, "noise"), []
    for index in order.split(workload.batch):
        noise = torch.empty(workload.batch, tuned.net.latent).normal_(generator=noises)
        expected.append(tuned.step(images[index].float() / 255, noise).item())
    training = Training(stack, [("train", protocol(workload.batch, 1))], source(images))
    found = [p.parts["loss"].item() for p in training.run()]
    assert len(found) == STEPS
    assert found == pytest.approx(expected, rel=1e-4)
    assert found[-1] < found[0]


@EACH
def test_pythae_and_the_example_lose_the_same_on_a_batch(workload):
    x = workload.images()[: workload.batch].float() / 255
    net = workload.net()
    same_weights(net, workload.build())
    torch.manual_seed(5)
    noise = torch.randn(len(x), net.latent)
    expected = net.loss(x, noise).item()
    torch.manual_seed(5)
    assert net.example_loss(x).item() == pytest.approx(expected, rel=1e-4)
    trainer = peers.pythae_trainer(net, workload.images(), workload.batch, RATE)
    torch.manual_seed(5)
    assert trainer.model({"data": x}, epoch=1).loss.item() == pytest.approx(expected, rel=1e-4)
    assert type(trainer.optimizer) is torch.optim.Adam
    assert len(trainer.train_loader) == workload.steps


@EACH
def test_the_images_of_the_loader_are_those_in_memory(workload):
    images = workload.images()[:3]
    loaded = [image.flatten() for image, _ in peers.ToTensorSet(images, workload.side)]
    torch.testing.assert_close(torch.stack(loaded), images.float() / 255)


def test_the_work_of_the_first_network_is_what_is_counted_by_torch():
    from torch.utils.flop_counter import FlopCounterMode

    for workload in WORKLOADS.values():
        net = workload.net()
        x, noise = (
            torch.rand(workload.batch, workload.side**2),
            torch.randn(workload.batch, net.latent),
        )
        with FlopCounterMode(display=False) as counter:
            net.loss(x, noise).backward()
        assert workload.flops == counter.get_total_flops(), workload.name
    assert Peak.flops == pytest.approx(7.25e9, rel=0.01)
