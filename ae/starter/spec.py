"""The text of a spec to begin with: two runs, a claim, two figures, three tiers."""

import re
from datetime import UTC, datetime

SPEC = r"""# A spec to begin with, as `ae new` wrote it; `ae check` says of every key what would be right.

[paper]
title = "Title of the paper"
authors = "{authors}"
venue = "unpublished"
year = {year}
url = "https://example.org/"
family = "variational"
idea = "What the paper adds, in a sentence."
formula = '-\mathrm{{E}}_q \log p(\mathbf{{x}}|\mathbf{{z}}) + \beta\, \mathrm{{KL}}(q(\mathbf{{z}}|\mathbf{{x}}) \,\|\, p(\mathbf{{z}}))'

[data]
name = "{data}"
train = "train"
test = "test"
limit = "all"
test_limit = "all"

[model]  # the other keys are arguments of the constructor; the data's size fills `features`
class = "{model}"
hidden = 256
latent = 8
beta = 1.0

[train]
seeds = "0-4"
use = ["main"]
stages.main = {{ objective = "objective", modules = "all", batch = {batch}, epochs = 20, optimizer = {{ class = "Adam", lr = 0.001 }} }}

[[run]]  # two runs, one a row: what differs from the tables above
columns = ["name", "label", "model.beta"]
rows = [["beta-1", "Weight 1", 1.0], ["beta-4", "Weight 4", 4.0]]

[measure]  # one number a seed: a function of ae/metrics, or `package.module:function` of yours
squared_error = {{ function = "reconstruction.squared_error", split = "test" }}
kl = {{ function = "objective.mean", split = "test", part = "kl", silent = [], unit = "nats", better = "lower", label = "Divergence from the prior, test images" }}

[[claim]]  # fix the margin, and why it is that, before the first run
id = "weight-costs-reconstruction"
kind = "order"
metric = "squared_error"
lower = "beta-1"
higher = "beta-4"
margin = 0.1
margin_reason = "the smallest difference that would matter to us"
source = "where the paper says so"
status = "recalled"
tiers = ["paper", "quick"]
statement = "A weight of 4 on the divergence costs reconstruction."

[[figure]]
name = "reconstructions"
function = "reconstructions.rows"
title = "Test images and their reconstructions"
caption = "Through the mean of the code and back (first seed). Look for what is lost with the greater weight."
runs = ["beta-*"]
images = 10
seed_index = 0

[[figure]]
name = "samples"
function = "samples.grid"
title = "Images drawn from the prior"
caption = "Random codes, none chosen (first seed). Look for images that could be test images."
runs = ["beta-*"]
rows = 4
columns = 10
seed_index = 0
fitted = []
codes = 1

[[deviation]]  # one a row: where the protocol here is not the paper's
columns = ["paper", "here", "why"]
rows = [["not stated", "Adam, rate 0.001, {batch} images a step", "a usual choice"]]

[tier]  # the protocol in full; on a laptop; for tests
paper = {{}}
quick = {{ data = {{ limit = {quick}, test_limit = {quick_test} }}, train.stages.main.epochs = 10 }}
smoke = {{ data = {{ limit = {smoke}, test_limit = {smoke_test} }}, train.seeds = "0-1", train.stages.main.epochs = 1 }}
"""


def spec_text(name: str, model: str, data: str, train: int, test: int) -> str:
    """A spec of that name.

    Args:
        name: `<first author><year>-<model>`.
        model: The model's class, as the spec names it.
        data: The data set.
        train: How many training images it has.
        test: How many test images.
    """
    author = re.match(r"[a-z]*", name)
    year = re.search(r"(1[89]|20)\d\d", name)
    return SPEC.format(
        authors=(author[0].capitalize() if author else "") or "Doe",
        year=year[0] if year else datetime.now(UTC).year,
        model=model,
        data=data,
        batch=min(100, train),
        quick=min(5000, train),
        quick_test=min(1000, test),
        smoke=min(200, train),
        smoke_test=min(50, test),
    )


def changed_spec(text: str, origin: str, module: str, *, own: str) -> str:
    """The text of a spec that goes on from another one, with a copy of its model.

    Args:
        text: That of the other spec.
        origin: Its name.
        module: What the classes of its model are named by: `file.` or `package.module:`.
        own: What they are named by in the copy.
    """
    head = f"# Begun from {origin} by `ae new`.\n"
    return head + re.sub(rf'(\bclass\s*=\s*"){re.escape(module)}', rf"\g<1>{own}", text)
