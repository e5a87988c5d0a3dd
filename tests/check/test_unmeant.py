"""Protocols and labels that nobody can mean: each is refused in a line, and its neighbour is not."""

import pytest
from author2014 import TEXT, changed
from small_tree import NAME, SPARSE, message, small_tree

from ae.check import check_all
from ae.library import Library

SWEPT = SPARSE.replace(
    "    def __init__(",
    "    sweeps: ClassVar[frozenset[str]] = frozenset({'rate'})\n\n    def __init__(",
    1,
)
RATE = "model = { rate = 0.25 }\n"
DEVIATION = '[[deviation]]\npaper = "a"\nhere = "{}"\nwhy = "time"\ntiers = {}\n\n[tier.paper]'


@pytest.fixture
def root(tmp_path):
    return small_tree(tmp_path)


def refused(root, *changes):
    """The one line that is said of a spec with these changes."""
    found = message(root, changed(TEXT, *changes))
    assert check_all(Library.at(root)) == [found]
    return found.removeprefix(f"{NAME}: ")


def passes(root, *changes):
    (root / NAME).write_text(changed(TEXT, *changes), encoding="utf-8")
    return check_all(Library.at(root)) == []


def test_a_schedule_does_not_overwrite_a_sweep(root):
    """The runs of a sweep trained with the schedule's last number, all of them."""
    (root / "ae/models/sparse.py").write_text(SWEPT)
    assert passes(root, (RATE, ""))  # a warm-down to what the run has
    assert refused(root) == (
        "[tier.quick]: model.rate: found 0.25; the schedule of 'buffer:rate' in the stage 'tune' "
        "overwrites it and ends at 0.5: expected that number, or a schedule of the run's own"
    )
    run = ("model = { k = 40 }", "model = { k = 40, rate = 1.0 }")
    assert refused(root, (RATE, ""), run).startswith("[[run]] 'k-40': model.rate: found 1; the")
    to_one = ("values = [1, 0.5]", "values = [0.5, 0.1]")
    assert passes(root, (RATE, ""), to_one)  # from what all the runs have
    assert passes(root, (RATE, ""), run, ("values = [1, 0.5]", "values = [0.5, 1.0]")) is False


def test_a_model_that_does_not_sweep_a_number_may_be_given_a_schedule_of_it(root):
    assert passes(root)


def test_a_sweep_that_is_declared_above_is_one_of_the_class(root):
    (root / "ae/models/sparse.py").write_text(SWEPT)
    assert refused(root, ('"sparse.Sparse"', '"sparse.Wide"')).startswith(
        "[tier.quick]: model.rate"
    )


MOMENTUM = (
    'key = "lr"\nkind = "step"\nat = [0, 3]\nvalues = [1.0, 0.1]',
    'key = "momentum"\nkind = "step"\nat = [0, 3]\nvalues = [0.5, 0.9]',
)
SHORT = ("tune = { epochs = 1 }", "pretrain = { epochs = 3 }")


def test_a_quick_tier_sees_the_schedules_that_it_has(root):
    assert refused(root, MOMENTUM, SHORT) == (
        "[tier.quick]: train.stages.pretrain.epochs: found 3; the schedule of 'momentum' changes it "
        "first at the epoch 3: expected more epochs, other `schedules`, or a [[deviation]] of the "
        "tier 'quick' alone whose `here` names 'momentum'"
    )
    longer = (SHORT[0], "pretrain = { epochs = 3.5 }")
    assert passes(root, MOMENTUM, longer)
    none = (SHORT[0], "pretrain = { epochs = 3, schedules = [] }")
    assert passes(root, MOMENTUM, none)


@pytest.mark.parametrize(
    ("here", "tiers", "sound"),
    [
        ("momentum 0.5 throughout", '["quick"]', True),
        ("momentum 0.5 throughout", '["quick", "smoke"]', True),
        ("momentum 0.5 throughout", '["paper", "quick", "smoke"]', False),
        ("momentum 0.5 throughout", '["smoke"]', False),
        ("a constant rate", '["quick"]', False),
    ],
)
def test_a_tier_may_say_that_a_number_stays(root, here, tiers, sound):
    said = ("[tier.paper]", DEVIATION.format(here, tiers))
    assert passes(root, MOMENTUM, SHORT, said) is sound


@pytest.mark.parametrize(
    ("schedule", "epochs", "sound"),
    [
        ('kind = "linear", at = [2, 4], values = [1.0, 0.1]', 2, False),
        ('kind = "linear", at = [2, 4], values = [1.0, 0.1]', 2.5, True),
        ('kind = "exponential", at = [30, 100], values = [1.0, 0.01]', 5, False),
        ('kind = "step", at = [0, 2, 9], values = [1.0, 1.0, 0.1]', 5, False),
        ('kind = "step", at = [0, 2, 9], values = [1.0, 0.5, 0.1]', 5, True),
        ('kind = "step", at = [0], values = [0.5]', 5, True),
    ],
)
def test_a_schedule_moves_before_its_stage_ends(root, schedule, epochs, sound):
    other = (
        'schedules = [{ key = "buffer:rate", kind = "linear", at = [0, 2], values = [1, 0.5] }]',
        f'schedules = [{{ key = "lr", {schedule} }}]',
    )
    longer = ("epochs = 2.5", f"epochs = {epochs}")
    own = ("train = { stages = { tune = { epochs = 5 } } }", "")
    quick = ("stages = { tune = { epochs = 1 } }", f"stages = {{ tune = {{ epochs = {epochs} }} }}")
    assert passes(root, other, longer, own, quick) is sound


def test_a_smoke_tier_may_be_over_before_a_schedule_moves(root):
    smoke = ("test_limit = 10 }", "test_limit = 10 }\ntrain.stages.pretrain.epochs = 1")
    assert passes(root, smoke)


def test_epochs_make_a_step(root):
    smoke = "limit = 100, test_limit = 10 }"
    few = (smoke, f"{smoke}\ntrain.stages.pretrain = {{ batch = 25, epochs = 0.1 }}")
    assert refused(root, few) == (
        "[tier.smoke]: train.stages.pretrain.epochs: found 0.1; an epoch has 4 batches of 25, so that "
        "it makes no step: expected at least 0.25"
    )
    assert passes(root, (smoke, few[1].replace("0.1 }", "0.25 }")))


def test_kept_remainders_count_as_batches(root):
    """Three whole batches and a smaller one: 0.15 epochs are 0.6 of a step, not 0.45."""
    smoke = "limit = 100, test_limit = 10 }"
    few = f"{smoke}\ntrain.stages.pretrain = {{ batch = 30, epochs = 0.15 }}"
    kept = ("batch = 100\nepochs = 5\n", 'batch = 100\nepochs = 5\nremainder = "kept"\n')
    assert refused(root, (smoke, few)).startswith("[tier.smoke]: train.stages.pretrain.epochs")
    assert passes(root, (smoke, few), kept)


def test_less_than_half_an_epoch_of_all_examples_is_no_step(root):
    whole = ("batch = 100\nepochs = 2.5", 'batch = "all"\nepochs = 0.4')
    assert refused(root, whole) == (
        "[train.stages.tune]: epochs: found 0.4; an epoch has one batch of all, so that it makes no "
        "step: expected at least 1"
    )


def test_a_batch_has_examples_to_fill_it(root):
    limit = ("limit = 100, test_limit", "limit = 99, test_limit")
    for stage in ("pretrain", "tune"):
        line = f"[tier.smoke]: data.limit: found 99; expected at least 100, a batch of the stage {stage!r}"
        (root / NAME).write_text(changed(TEXT, limit), encoding="utf-8")
        assert f"{NAME}: {line}" in check_all(Library.at(root))


def test_a_rate_is_not_0_from_the_first_step_to_the_last(root):
    own = 'kind = "step"\nat = [0, 3]\nvalues = [1.0, 0.1]'
    assert refused(root, (own, own.replace("1.0, 0.1", "0.0, 0.0"))) == (
        "[train.stages.pretrain]: schedules: the factor on lr is 0 over all 5 epochs; expected one above 0"
    )
    assert passes(root, (own, own.replace("1.0, 0.1", "0.0, 1.0")))  # frozen at first
    assert passes(root, (own, 'kind = "linear"\nat = [0, 3]\nvalues = [0.0, 1.0]'))  # a warm-up


def test_a_rate_that_rises_after_the_end_is_0_throughout(root):
    smoke = ("test_limit = 10 }", "test_limit = 10 }\ntrain.stages.pretrain.epochs = 2")
    own = ("values = [1.0, 0.1]", "values = [0.0, 1.0]")
    assert "the factor on lr is 0 over all 2 epochs" in refused(root, smoke, own)


def test_adamw_says_its_weight_decay(root):
    adam = 'class = "Adam", lr = 0.001, betas'
    assert refused(root, (adam, 'class = "AdamW", lr = 0.001, betas')) == (
        "[train.stages.tune.optimizer]: AdamW without weight_decay takes torch's 0.01; expected the "
        "key, 0.0 for none"
    )
    assert passes(root, (adam, 'class = "AdamW", weight_decay = 0.0, lr = 0.001, betas'))


def test_a_label_says_that_images_were_trained_on(root):
    train = ('split = "test"', 'split = "train"')
    assert refused(root, train) == (
        "[measure.error]: label: found 'Error'; it is taken of the training split 'train': expected a "
        "label with the word 'training'"
    )
    assert passes(root, train, ('label = "Error"', 'label = "Error, training images"'))


def test_so_does_the_label_of_what_takes_the_training_split_by_itself(root):
    file = root / "ae/metrics/probe.py"
    said = '@measure(label="Error", unit="%", better="lower")\ndef error'
    default = file.read_text().replace("def error", said)
    file.write_text(default.replace("split: str,", 'split: str = "train",'))
    own = ('label = "Error"\nunit = "%"\nbetter = "lower"\nsplit = "test"\n', "")
    assert refused(root, own).startswith(
        "[measure.error]: label: found 'Error'; it is taken of the"
    )
    file.write_text(default.replace("split: str,", 'split: str = "test",'))
    assert passes(root, own)


def test_a_tier_that_measures_training_images_says_so(root):
    quick = ("[tier.smoke]\n", '[tier.quick.measure.error]\nsplit = "train"\n\n[tier.smoke]\n')
    assert refused(root, quick).startswith(
        "[measure.error]: label: found 'Error'; it is taken of the"
    )


def test_a_test_on_the_images_that_were_trained_on_says_so(root):
    same = ('test = "test"\nlimit', 'test = "train"\nlimit')
    assert refused(root, same) == (
        "[measure.error]: label: found 'Error'; run 'k-25' is tested on the split 'train' that it "
        "trains on: expected a label with the word 'training'"
    )
    assert passes(root, same, ('label = "Error"', 'label = "Training error"'))


def test_a_data_set_of_one_split_has_nothing_to_tell_apart(root):
    file = root / "datasets/digits.toml"
    text = file.read_text()
    file.write_text(text.replace('test = { images = "x", labels = "y" }\n', ""))
    for split in ("train", "test"):
        same = ('test = "test"\nlimit', 'test = "train"\nlimit')
        assert passes(root, same, ('split = "test"', f'split = "{split}"'))


def test_nothing_is_said_of_the_numbers_that_stand_in_for_wrong_ones(root):
    line = refused(root, ("batch = 100\nepochs = 5", "batch = 0\nepochs = 5"))
    assert line.startswith("[train.stages.pretrain]: batch: found 0; expected")
