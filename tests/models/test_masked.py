"""Masked autoencoders see what is visible and nothing else, and pay for what is masked alone."""

import pytest
import torch
from torch.nn.functional import interpolate

from ae.maths.patches import hidden, scattered
from ae.models.base import Batch
from ae.models.conv_mae import ConvMAE
from ae.models.keras_mae import LARGER, KerasMAE, resized
from ae.models.masked import MAE
from ae.models.um_mae import UMMAE

DECODER = {"decoder_width": 12, "decoder_depth": 1, "decoder_heads": 2}
SMALL = {**DECODER, "colours": 3, "width": 16, "depth": 2, "heads": 2}
pytestmark = pytest.mark.usefixtures("exact_arithmetic")


def mae(sampling="random", masked=0.75, target="pixels"):
    return MAE(3 * 16**2, **SMALL, patch=4, masked=masked, sampling=sampling, target=target)


def um(secondary=0.25, target="pixels", side=16):
    arguments = {**DECODER, "colours": 3, "width": 8, "local": 1, "depth": 1, "heads": 2}
    return UMMAE(3 * side**2, **arguments, patch=2, secondary=secondary, target=target)


def conv(masking=True, target="pixels"):
    arguments = {**DECODER, "colours": 3, "widths": [4, 6, 8], "depths": [1, 1, 1], "heads": 2}
    return ConvMAE(3 * 32**2, **arguments, patch=8, masked=0.75, masking=masking, target=target)


MODELS = {
    "random": mae,
    "grid": lambda **keys: mae("grid", **keys),
    "block": lambda **keys: mae("block", **keys),
    "uniform": lambda **keys: mae("uniform", **keys),
    "secondary": um,
    "sampled": lambda **keys: um(0.0, **keys),
    "convolutions": conv,
}


@pytest.fixture(params=MODELS)
def model(request):
    """Each model, its weights away from where they begin."""
    torch.manual_seed(1)
    made = MODELS[request.param]()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return made


def drawn(model, batch=5, seed=2):
    """Images, and noise that masks them."""
    g = torch.Generator().manual_seed(seed)
    features = model.grid.colours * model.grid.side**2
    x = torch.rand(batch, features, generator=g)
    noise = {k: torch.rand(batch, *d.shape, generator=g) for k, d in model.draws.items()}
    return x, noise


def test_the_encoder_never_sees_a_masked_patch(model):
    """Whatever masked pixels are, the visible patches' tokens are the same bits."""
    x, noise = drawn(model)
    lost = model.masked(x, noise)
    before = model.seen(x, noise)
    for other in (1 - x, torch.full_like(x, 1e6), torch.full_like(x, torch.nan)):
        if isinstance(model, ConvMAE) and other.isnan().any():
            continue  # 0 times what is no number is none
        assert torch.equal(model.seen(torch.where(lost, other, x), noise), before)
    assert (model.seen(torch.where(lost, x, 1 - x), noise) != before).all(-1).any()


def test_the_loss_depends_on_masked_patches_only(model):
    """Its gradient by what is told of a visible patch does not exist: nobody asks for it."""
    x, noise = drawn(model)
    order = model.order(noise, len(x))
    lost = model.masked(x, noise)
    restored = model.restore(x, noise)
    assert torch.equal(restored[~lost], x[~lost])
    expected = torch.stack(
        [((a - b)[m] ** 2).mean() for a, b, m in zip(restored, x, lost, strict=True)]
    )
    out = model.objective(Batch(x), noise)
    torch.testing.assert_close(out.loss, expected)
    places = hidden(order, model.visible).sum(-1)
    assert places.tolist() == [model.grid.places - model.visible] * len(x)
    assert lost.sum(-1).tolist() == [int(n) * model.grid.numbers for n in places]


def test_masks_are_of_the_noise_alone_and_each_image_has_its_own(model):
    x, noise = drawn(model, batch=64)
    lost = model.masked(x, noise)
    assert torch.equal(model.masked(1 - x, noise), lost)
    if noise:
        few = (
            isinstance(model, MAE) and model.sampling == "block"
        )  # an edge's row or column is left
        assert len(lost.unique(dim=0)) == 4 if few else len(lost.unique(dim=0)) > 10
    else:
        assert len(lost.unique(dim=0)) == 1


@pytest.mark.parametrize("masked", [0.25, 0.5, 0.75, 0.9])
def test_as_many_patches_are_masked_as_the_share_says(masked):
    model = mae(masked=masked)
    assert model.visible == {0.25: 12, 0.5: 8, 0.75: 4, 0.9: 1}[masked]
    x, noise = drawn(model)
    assert model.seen(x, noise).shape == (5, model.visible, 16)


@pytest.mark.parametrize("name", ["random", "secondary", "convolutions"])
def test_normalised_patches_are_what_the_loss_is_of(name):
    """Patches that are moved and stretched by their own means and scales cost the same decoder's output the same."""
    torch.manual_seed(0)
    model = MODELS[name](target="normalised")
    x, noise = drawn(model)
    told = {}
    model.decoder.register_forward_hook(lambda m, given, out: told.update(out=out, asked=given[2]))
    loss = model.objective(Batch(x), noise).loss
    patches = model.grid.patches(x)
    for i in range(len(x)):
        own = patches[i, told["asked"][i]]
        truth = (own - own.mean(1, keepdim=True)) / (own.var(1, keepdim=True) + 1e-6).sqrt()
        torch.testing.assert_close(loss[i], ((told["out"][i] - truth) ** 2).mean())
    with pytest.raises(ValueError, match="normalised"):
        model.restore(x, noise)


def test_a_mask_token_is_the_decoders_alone():
    model = mae()
    x, noise = drawn(model)
    before, told = model.seen(x, noise), model.restore(x, noise)
    with torch.no_grad():
        model.decoder.masked.add_(torch.randn(12))  # a shift of all is normalised away
    assert torch.equal(model.seen(x, noise), before)
    assert not torch.allclose(model.restore(x, noise), told)


def test_a_token_knows_its_place():
    """Of another order of the same patches the encoder makes the same; of equal patches, others."""
    model = mae()
    x, noise = drawn(model)
    order = model.order(noise, len(x))
    turned = torch.cat([order[:, : model.visible].flip(1), order[:, model.visible :]], 1)
    torch.testing.assert_close(model.tokens(x, turned, {}), model.tokens(x, order, {}).flip(1))
    tokens = model.tokens(torch.full_like(x, 0.5), order, {})
    assert bool(((tokens[:, 0] - tokens[:, 1]).abs().amax(-1) > 1e-3).all())


def test_unmasked_convolutions_leak():
    torch.manual_seed(1)
    model = conv(masking=False)
    x, noise = drawn(model)
    lost = model.masked(x, noise)
    changed = model.seen(torch.where(lost, 1 - x, x), noise)
    assert not torch.allclose(changed, model.seen(x, noise))


def test_masks_of_early_stages_are_the_last_ones_enlarged():
    """A visible patch's surroundings do not matter, its own pixels do, in whatever stage."""
    torch.manual_seed(1)
    model = conv()
    x, noise = drawn(model, batch=1)
    seen = model.order(noise, 1)[0, : model.visible]
    for i, place in enumerate(seen.tolist()):
        row, column = 8 * (place // 4), 8 * (place % 4)
        other = x.clone().view(3, 32, 32)
        other[:, row : row + 8, column : column + 8] = 0
        changed = (model.seen(other.view(1, -1), noise) - model.seen(x, noise))[0, i]
        assert bool((changed != 0).all())


@pytest.mark.parametrize(("secondary", "real"), [(0.25, 12), (0.5, 8), (0.3, 11)])
def test_secondary_masking_hides_exactly_as_many_sampled_patches(secondary, real):
    model = um(secondary)
    x, noise = drawn(model)
    concealed = model.concealed(noise)
    assert concealed.sum(-1).tolist() == [16 - real] * 5
    # What is hidden does not reach the tokens; what is left does.
    at = model.order(noise, 5)[:, :16]
    for hides in (True, False):
        places = torch.zeros(5, 64, dtype=torch.bool).scatter(1, at, concealed == hides)
        pixels = model.grid.image(places.unsqueeze(-1).expand(-1, -1, model.grid.numbers))
        same = torch.equal(model.seen(torch.where(pixels, 1 - x, x), noise), model.seen(x, noise))
        assert same == hides


def test_windows_are_of_the_sampled_image():
    """Before tokens are merged, a patch is seen by its own window of two by two patches only."""
    model = um(0.0)
    x, noise = drawn(model, batch=1)
    heard = []
    model.merge.register_forward_hook(lambda m, given, out: heard.append(out.detach()))
    model.seen(x, noise)
    at = model.order(noise, 1)[0, :16]
    for square in (0, 5, 15):
        lost = torch.zeros(1, 64, dtype=torch.bool)
        lost[0, at[square]] = True
        pixels = model.grid.image(lost.unsqueeze(-1).expand(-1, -1, model.grid.numbers))
        model.seen(torch.where(pixels, 1 - x, x), noise)
        changed = (heard[-1] != heard[0]).any(-1)[0].nonzero().squeeze(1).tolist()
        row, column = square // 4 // 2, square % 4 // 2
        window = [4 * (2 * row + i) + 2 * column + j for i in range(2) for j in range(2)]
        assert changed == window


def keras():
    return KerasMAE(3 * 8**2, **SMALL, size=12, patch=3, masked=0.75, classes=3)


def test_the_example_has_as_many_parameters_as_its_page_prints():
    decoder = {"decoder_width": 64, "decoder_depth": 2, "decoder_heads": 4}
    model = KerasMAE(
        3072,
        **decoder,
        colours=3,
        size=48,
        patch=6,
        width=128,
        depth=6,
        heads=4,
        masked=0.75,
        classes=10,
    )
    sizes = {name: p.numel() for name, p in model.named_parameters()}
    own = lambda *names: sum(n for name, n in sizes.items() if name.split(".")[0] in names)
    assert own("encoder") == 1_981_696
    assert own("embedding", "positions", "masked") == 22_252
    assert own("classifier") == 1_290
    assert model.hidden == 48


def test_enlarging_is_torchs_interpolation():
    x = torch.rand(2, 3, 8, 8)
    for size in (12, 8, 28):
        by = resized(8, size)
        expected = interpolate(x, size=(size, size), mode="bilinear", align_corners=False)
        torch.testing.assert_close(by @ x @ by.T, expected)


def test_the_example_crops_and_turns_images_in_training_only():
    model = keras()
    x = torch.rand(64, 192)
    noise = {"crop": torch.rand(64, 3)}
    found = model.grid.image(model._patches(x, noise)).reshape(64, 3, 12, 12)
    large = interpolate(x.view(64, 3, 8, 8), size=8 + LARGER, mode="bilinear")
    crops = 8 + LARGER - 12 + 1
    for i in range(64):
        row, column = (int(crops * u) for u in noise["crop"][i, :2])
        own = large[i, :, row : row + 12, column : column + 12]
        turned = float(noise["crop"][i, 2]) < 0.5
        torch.testing.assert_close(found[i], own.flip(-1) if turned else own)
    model.eval()
    plain = interpolate(x.view(64, 3, 8, 8), size=12, mode="bilinear").flatten(1)
    torch.testing.assert_close(model.grid.image(model._patches(x, noise)), plain)


def test_the_example_pays_for_masked_patches_that_the_encoder_does_not_see():
    torch.manual_seed(0)
    model = keras().eval()
    x = torch.rand(5, 192)
    noise = {"mask": torch.rand(5, 16), "crop": torch.rand(5, 3)}
    order = scattered(noise["mask"])
    told = []
    model.encoder.register_forward_hook(lambda m, given, out: told.append((given[0], out)))
    out = model.objective(Batch(x), noise)
    given, _ = told[0]
    assert given.shape == (5, 4, 16)
    patches = model.grid.patches(
        interpolate(x.view(5, 3, 8, 8), size=12, mode="bilinear").flatten(1)
    )
    for i in range(5):
        seen = order[i, 12:]
        torch.testing.assert_close(
            given[i], model.embedding(patches[i, seen][None])[0] + model.positions[seen]
        )
    # With a last layer of zeros every number is told as 0.5.
    for parameter in model.leave.parameters():
        torch.nn.init.zeros_(parameter)
    out = model.objective(Batch(x), noise)
    lost = torch.stack([patches[i, order[i, :12]] for i in range(5)])
    torch.testing.assert_close(out.loss, ((lost - 0.5) ** 2).mean((1, 2)))
    torch.testing.assert_close(out.parts["absolute_error"], (lost - 0.5).abs().mean((1, 2)))


def test_what_cannot_be_masked_is_refused():
    with pytest.raises(ValueError, match="grid masks"):
        mae("grid", masked=0.5)
    with pytest.raises(ValueError, match="visible"):
        mae(masked=0.99)
    with pytest.raises(ValueError, match="multiple of 4"):
        um(side=12)
    with pytest.raises(ValueError, match="multiple of 8"):
        ConvMAE(
            3 * 32**2,
            **DECODER,
            colours=3,
            widths=[4, 6, 8],
            depths=[1, 1, 1],
            heads=2,
            patch=4,
            masked=0.75,
            masking=True,
            target="pixels",
        )
