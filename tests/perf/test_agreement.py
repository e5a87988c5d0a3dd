"""The arms are the same mathematics, else comparing their times says nothing."""

from functools import partial

import peers
import pytest
import torch
from arms import RATE, Peak, Tuned, protocol, source
from workloads import WORKLOADS

from ae.models.base import Batch
from ae.training.stack import Stack, generator
from ae.training.trainer import Training

STEPS = 5
TOLERANCE = 1e-5
LOUD = 3.0  # times the first weights, so that no term is lost beside the reconstruction's
WEIGHTS = ("beta", "weight", "variance")
EACH = pytest.mark.parametrize("workload", WORKLOADS.values(), ids=WORKLOADS)


def same_tensors(net, parameters, buffers):
    """Take over the weights, which are in the same order, and the codebook, which has their names."""
    with torch.no_grad():
        for own, other in zip(net.parameters(), parameters, strict=True):
            own.copy_(other)
        for name, own in net.named_buffers():
            own.copy_(buffers[name])


def loud(model):
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(LOUD)
    return model


def small(workload):
    """The workload's first images: few enough for a quick test, one epoch of STEPS steps."""
    images = workload.images()
    repeated = images.repeat(1 + STEPS * workload.batch // len(images), 1)
    return repeated[: STEPS * workload.batch]


def costs(workload, objective):
    """What peers call their costs: the loss without its constant, then the adversaries'."""
    own = objective.loss.mean().item() - workload.constant
    return [own, *(loss.mean().item() for loss in objective.adversaries.values())]


@EACH
def test_the_tuned_loop_and_the_trainer_lose_the_same_step_by_step(workload):
    images, seed = small(workload), 7
    stack = Stack([lambda: loud(workload.build())], [seed])
    tuned = Tuned(workload)
    first = {name: tensor[0] for name, tensor in stack.buffers.items()}
    same_tensors(tuned.net, [p[0] for p in stack.parameters.values()], first)
    order = torch.randperm(len(images), generator=generator(seed, "order"))
    noises, expected = generator(seed, "noise"), []
    for index in order.split(workload.batch):
        noise = tuned.net.draw(workload.batch, noises)
        expected.append([loss.item() for loss in tuned.step(images[index].float() / 255, noise)])
    training = Training(stack, [("train", protocol(workload.batch, 1))], source(images))
    adversaries = [f"{name}_loss" for name in stack.model.adversaries]
    found = [
        [p.parts["loss"].item() - workload.constant, *(p.parts[a].item() for a in adversaries)]
        for p in training.run()
    ]
    assert len(found) == STEPS
    for own, other in zip(found, expected, strict=True):
        assert own == pytest.approx(other, rel=1e-4)
    assert found[-1][0] < found[0][0]
    for name, own in tuned.net.named_buffers():
        torch.testing.assert_close(own, stack.buffers[name][0], rtol=1e-4, atol=1e-5)


@EACH
def test_all_lose_the_same_on_a_batch(workload):
    """The suite, the tuned loop, the example and pythae; and pythae's trainer is set up alike."""
    x = workload.images()[: workload.batch].float() / 255
    torch.manual_seed(3)
    model, net = loud(workload.build()), workload.net()
    same_tensors(net, model.parameters(), dict(model.named_buffers()))
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    trainer = peers.pythae_trainer(net, workload.images(), workload.batch, RATE)
    torch.manual_seed(5)
    noise = net.draw(len(x))
    named = dict(zip(model.draws, noise if len(model.draws) > 1 else [noise], strict=False))
    expected = pytest.approx(costs(workload, model.objective(Batch(x), named)), rel=TOLERANCE)
    assert [loss.item() for loss in net.losses(x, noise)] == expected
    after = [tensor.clone() for tensor in net.buffers()]
    net.load_state_dict(before)
    torch.manual_seed(5)
    assert [loss.item() for loss in net.example_losses(x)] == expected
    torch.testing.assert_close(list(net.buffers()), after, rtol=1e-4, atol=1e-5)
    if after:  # pythae's trainer has tried its model, whose codebook has moved
        held = trainer.model.quantizer
        held.embeddings, held.ema_embed = before["codebook"][:, None], before["sums"][:, None]
        held.cluster_size = before["sizes"]
    torch.manual_seed(5)
    out = trainer.model({"data": x}, epoch=1)
    two = len(net.groups()) == 2
    found = [out.autoencoder_loss, out.discriminator_loss] if two else [out.loss]
    assert [loss.item() for loss in found] == expected
    if after:
        theirs = [held.embeddings[:, 0], held.ema_embed[:, 0], held.cluster_size]
        torch.testing.assert_close(theirs, after, rtol=1e-4, atol=1e-5)
    own = [trainer.autoencoder_optimizer, trainer.discriminator_optimizer] if two else []
    for optimizer, group in zip(own or [trainer.optimizer], net.groups(), strict=True):
        assert type(optimizer) is torch.optim.Adam
        (held,) = optimizer.param_groups
        assert {id(p) for p in held["params"]} == {id(p) for p in group}
        assert held["lr"] == RATE
    assert len(trainer.train_loader) == workload.steps


@EACH
def test_twice_a_weight_is_more_than_is_tolerated(workload):
    """What would show were a term weighed otherwise, or a mean taken for a sum."""
    x = workload.images()[: workload.batch].float() / 255
    kind, keywords = workload.build, workload.build.keywords
    found = {}
    for name in ("", *(weight for weight in WEIGHTS if weight in keywords)):
        changed = {name: 2 * keywords[name]} if name else {}
        torch.manual_seed(3)
        model = loud(partial(kind, **changed)())
        noise = {k: torch.randn(len(x), *draw.shape) for k, draw in model.draws.items()}
        found[name] = costs(workload, model.objective(Batch(x), noise))[0]
    for name, loss in found.items():
        assert not name or abs(loss / found[""] - 1) > 30 * TOLERANCE, name


def test_what_the_loops_leave_the_discriminator_is_the_gradient_of_its_own_loss():
    workload = WORKLOADS["aae"]
    x = workload.images()[: workload.batch].float() / 255
    net = loud(workload.net())
    torch.manual_seed(5)
    net.backward(net.losses(x, net.draw(len(x))))
    expected = [p.grad.clone() for p in net.parameters()]
    trainer = peers.pythae_trainer(net, workload.images(), workload.batch, RATE)
    ours = peers.optimizers(net, 0.0)
    trainer.autoencoder_optimizer, trainer.discriminator_optimizer = ours
    torch.manual_seed(5)
    trainer._optimizers_step(trainer.model({"data": x}, epoch=1))
    theirs = [p.grad.clone() for p in net.parameters()]
    torch.testing.assert_close(theirs, expected, rtol=1e-4, atol=1e-5)
    torch.manual_seed(5)
    peers.example_epoch(net, [(x, None)], ours)
    example = [p.grad for p in net.parameters()]
    torch.testing.assert_close(example, expected, rtol=1e-4, atol=1e-5)


def test_lightning_leaves_the_weights_that_the_example_leaves():
    workload = WORKLOADS["conv"]
    images = workload.images()[: 2 * workload.batch]
    left = []
    for lightning in (False, True):
        torch.manual_seed(3)
        net = workload.net()
        loader = peers.example_loader(images, workload.side, workload.batch)
        optimizers = peers.optimizers(net, RATE)
        epoch = partial(peers.example_epoch, net, loader, optimizers)
        if lightning:
            epoch = peers.lightning_epoch(net, loader, RATE)
        torch.manual_seed(5)
        epoch()
        left.append([p.detach() for p in net.parameters()])
    torch.testing.assert_close(*left, rtol=1e-4, atol=1e-5)


@EACH
def test_the_images_of_the_loader_are_those_in_memory(workload):
    images = workload.images()[:3]
    loaded = [image.flatten() for image, _ in peers.ToTensorSet(images, workload.side)]
    torch.testing.assert_close(torch.stack(loaded), images.float() / 255)


@EACH
def test_the_work_is_what_is_counted_by_torch(workload):
    from torch.utils.flop_counter import FlopCounterMode

    net = workload.net()
    x, noise = torch.rand(workload.batch, workload.side**2), net.draw(workload.batch)
    with FlopCounterMode(display=False) as counter:
        net.backward(net.losses(x, noise))
    assert workload.flops == counter.get_total_flops()
    assert Peak.flops == pytest.approx(7.25e9, rel=0.01)
