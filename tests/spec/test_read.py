"""Reading a spec: every message, the order of overrides, what the digest means, no other error."""

import copy
import json
import tomllib
from pathlib import Path
from typing import Any

import author2014
import pytest
from author2014 import TEXT, VALID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ae.disk import digest
from ae.errors import UserError
from ae.spec import Descent, Spec
from ae.spec.concise.expand import expand
from ae.spec.read import digest_of, inspect_spec, read_spec
from ae.spec.tiers import cells
from ae.toml.file import load

# What the author wrote instead of what, and the one line that comes of it.
MUTATIONS = [
    ('title = "A Model"', "title = A Model", "not TOML: line 4, column 9: Invalid value"),
    (
        'title = "A Model"',
        'title = "A Model"\ntitle = "again"',
        "not TOML: line 5, column 16: Cannot overwrite a value",
    ),
    (
        'margin_reason = "a tick"',
        'margin_reason = "a tick',
        "not TOML: line 182, column 24: Illegal character '\\n'",
    ),
    (
        "data = { limit = 100, test_limit = 10 }",
        "data = { limit = 10, ",
        "not TOML: line 201, column 22: Invalid initial character for a key part",
    ),
    (
        "year = 2014",
        "year = 2014-01-02",
        "[paper]: year: found the date or time 2014-01-02; expected a number, or a string in quotes",
    ),
    ("rate = 0.5\n", "rate = nan\n", "[model]: rate: found nan; expected a finite number"),
    (
        "margin = 0.5",
        "margin = inf",
        "[[claim]] 'read-off': margin: found inf; expected a finite number",
    ),
    (
        "k = 25\nrate",
        "k = 99999999999999999999\nrate",
        "[model]: k: found an integer of more than 64 bits",
    ),
    (
        "hidden = [100]",
        "hidden = [[[[[[[[[[[[[[[[[[[[[[100]]]]]]]]]]]]]]]]]]]]]]",
        "[model]: hidden: lists or tables are nested too deeply",
    ),
    (
        'printed = "1.35"',
        'prinetd = "1.35"',
        "[[claim]] 'value-25': unknown key 'prinetd' (did you mean 'printed'?); it may hold id, statement, metric, source, status, by, primary, tiers, control, sigma_pin, depends, looks, untrained, kind, run, printed, counted, spread, sense, best_of, margin, margin_reason",
    ),
    (
        'printed = "1.35"\n',
        "",
        "[[claim]] 'value-25': missing key 'printed'; expected a number in quotes, as it is printed, such as '82.90'",
    ),
    (
        'printed = "1.35"',
        "printed = 1.35",
        "[[claim]] 'value-25': printed: found 1.35; expected a number in quotes, as it is printed, such as '82.90'",
    ),
    (
        'printed = "1.35"',
        'printed = "1.35 %"',
        "[[claim]] 'value-25': printed: found '1.35 %'; expected a number in quotes, as it is printed, such as '82.90'",
    ),
    (
        'printed = "1.35"',
        'printed = "1.35"\nunit = "%"',
        "[[claim]] 'value-25': unknown key 'unit'; it may hold id, statement, metric, source, status, by, primary, tiers, control, sigma_pin, depends, looks, untrained, kind, run, printed, counted, spread, sense, best_of, margin, margin_reason",
    ),
    (
        'title = "A Model"\n',
        "",
        "[paper]: missing key 'title'; expected a string that is not empty",
    ),
    (
        "[paper]\n",
        "[papr]\n",
        "unknown key 'papr' (did you mean 'paper'?); it may hold paper, data, model, train, measure, figure, run, claim, deviation, omitted, tier",
    ),
    (
        "[tier.smoke]",
        "[tier.smoek]",
        "[tier]: unknown key 'smoek' (did you mean 'smoke'?); it may hold paper, quick, smoke",
    ),
    (
        "[tier.smoke]\ndata = { limit = 100, test_limit = 10 }\n",
        "",
        "[tier]: missing table [tier.smoke]; it may be empty",
    ),
    (
        'kind = "value"',
        'kind = "valeu"',
        "[[claim]] 'value-25': kind: found 'valeu'; expected one of 'value', 'order', 'equal', 'trend', 'exact', 'figure', 'pooled'",
    ),
    (
        'kind = "value"\n',
        "",
        "[[claim]] 'value-25': missing key 'kind'; expected one of 'value', 'order', 'equal', 'trend', 'exact', 'figure', 'pooled'",
    ),
    (
        'kind = "value"',
        "kind = 3",
        "[[claim]] 'value-25': kind: found 3; expected one of 'value', 'order', 'equal', 'trend', 'exact', 'figure', 'pooled'",
    ),
    (
        "[train.stages.closed]",
        '[train.stages."a b"]',
        "[train.stages]: key 'a b': expected a name of at most 100 letters, digits and . _ + = -",
    ),
    (
        'class = "SGD", ',
        "",
        "[train.stages.pretrain.optimizer]: missing key 'class'; expected one of 'SGD', 'Adam', 'AdamW', 'Adagrad', 'Adadelta', 'RMSprop', 'Adamax', 'LBFGS'",
    ),
    (
        'class = "sparse.Sparse"\n',
        "",
        "[model]: missing key 'class'; expected a string 'file.Class' of ae/models",
    ),
    (
        'class = "sparse.Sparse"\n',
        "class = 3\n",
        "[model]: class: found 3; expected a string 'file.Class' of ae/models",
    ),
    (
        'fit = "fit"',
        'fit = "fit"\nbatch = 3',
        "[train.stages.closed]: unknown key 'batch'; it may hold fit",
    ),
    (
        'objective = "reconstruct"\n',
        "",
        "[train.stages.pretrain]: missing key 'objective'; expected a string that is not empty",
    ),
    (
        'why = "common"',
        'whi = "common"',
        "[[deviation]] number 1: unknown key 'whi' (did you mean 'why'?); it may hold paper, here, why, tiers",
    ),
    (
        'why = "common"\n',
        'why = "common"\n\n[[omitted]]\nstatement = "It works on NORB too."\nsource = "table 2"\nstatus = "quoted"\n',
        "[[omitted]] number 1: missing key 'why'; expected a string that is not empty",
    ),
    (
        "formula = '\\|x - \\hat{x}\\|^2'\n",
        "",
        "[paper]: missing key 'formula'; expected the objective in LaTeX, in one line",
    ),
    ("year = 2014", 'year = "2014"', "[paper]: year: found '2014'; expected a year such as 2014"),
    (
        'title = "A Model"',
        "title = 3",
        "[paper]: title: found 3; expected a string that is not empty",
    ),
    (
        'title = "A Model"',
        'title = " "',
        "[paper]: title: found ' '; expected a string that is not empty",
    ),
    (
        "batch = 100\nepochs = 5",
        "batch = 100.0\nepochs = 5",
        "[train.stages.pretrain]: batch: found 100.0; expected 'all' or a whole number of at least 1",
    ),
    (
        "epochs = 5\n",
        'epochs = "5"\n',
        "[train.stages.pretrain]: epochs: found '5'; expected a number above 0",
    ),
    (
        'limit = "all"\ntest',
        'limit = "most"\ntest',
        "[data]: limit: found 'most'; expected 'all' or a whole number of at least 1",
    ),
    (
        'limit = "all"\ntest',
        "limit = 0\ntest",
        "[data]: limit: found 0; expected 'all' or a whole number of at least 1",
    ),
    (
        'modules = ["encoder"]',
        "modules = []",
        "[train.stages.pretrain]: modules: found []; expected 'all' or a list of the names of one or more modules",
    ),
    (
        'modules = ["encoder"]',
        'modules = "some"',
        "[train.stages.pretrain]: modules: found 'some'; expected 'all' or a list of the names of one or more modules",
    ),
    (
        "primary = true",
        'primary = "yes"',
        "[[claim]] 'value-25': primary: found 'yes'; expected true or false",
    ),
    (
        'better = "lower"\nsplit',
        'better = "down"\nsplit',
        "[measure.error]: better: found 'down'; expected one of 'lower', 'higher'",
    ),
    (
        'runs = ["k-25", "k-40"]',
        'runs = ["k-25"]',
        "[[claim]] 'equal': runs: found ['k-25']; expected a list of 2 items, each a string",
    ),
    (
        "readings = [13.0, 13.2]",
        "readings = [13.0]",
        "[[claim]] 'read-off': readings: found [13.0]; expected a list of 2 items, each a number",
    ),
    (
        'spread = { kind = "sd", value = 0.1, n = 5 }',
        "spread = 0.1",
        "[[claim]] 'value-25': spread: found 0.1; expected a table",
    ),
    (
        'spread = { kind = "sd", value = 0.1, n = 5 }',
        'spread = { kind = "std", value = 0.1 }',
        "[[claim]] 'value-25': spread.kind: found 'std'; expected one of 'none', 'sd', 'se', 'ci95', 'examples', 'folds', 'binomial'",
    ),
    (
        'spread = { kind = "sd", value = 0.1, n = 5 }',
        'spread = { kind = "sd" }',
        "[[claim]] 'value-25': spread: kind 'sd' needs a value",
    ),
    (
        'spread = { kind = "sd", value = 0.1, n = 5 }',
        'spread = { kind = "none", value = 0.1 }',
        "[[claim]] 'value-25': spread: kind 'none' takes no value and no n",
    ),
    (
        'tiers = ["paper", "quick"]',
        'tiers = ["paper", "fast"]',
        "[[claim]] 'order': tiers: found ['paper', 'fast']; expected a list of one or more of 'paper', 'quick', 'smoke'",
    ),
    (
        'tiers = ["paper", "quick"]',
        "tiers = []",
        "[[claim]] 'order': tiers: found []; expected a list of one or more of 'paper', 'quick', 'smoke'",
    ),
    (
        'name = "filters"',
        'name = "../filters"',
        "[[figure]] '../filters': name: found '../filters'; expected a name of at most 100 letters, digits and . _ + = -",
    ),
    ("[[deviation]]", "[deviation]", "[deviation]: found a table; expected a list of tables"),
    (
        "margin = 0.5",
        "margin = 0",
        "[[claim]] 'read-off': margin: found 0; expected a number above 0",
    ),
    (
        'margin_reason = "a tick"',
        'margin_reason = ""',
        "[[claim]] 'read-off': margin_reason: found ''; expected a string that is not empty",
    ),
    (
        "momentum = 0.9",
        "momentum = 1.5",
        "[train.stages.pretrain.optimizer]: momentum: found 1.5; expected a number of at least 0, below 1",
    ),
    (
        "lr = 0.1,",
        "lr = -0.1,",
        "[train.stages.pretrain.optimizer]: lr: found -0.1; expected a number above 0",
    ),
    ("year = 2014", "year = 214", "[paper]: year: found 214; expected a year such as 2014"),
    (
        'seeds = "0-2"',
        'seeds = ""',
        "[train]: seeds: found ''; expected numbers and ranges such as 0-4,7",
    ),
    (
        'seeds = "0-2"',
        "seeds = [0, 1, 2]",
        '[train]: seeds: found [0, 1, 2]; expected numbers and ranges in quotes, such as "0-4,7"',
    ),
    (
        'seeds = "0-2"',
        'seeds = "0-2,1"',
        "[train]: seeds: found '0-2,1', which gives a seed twice",
    ),
    (
        'seeds = "0-2"',
        'seeds = "2-0"',
        "[train]: seeds: found '2-0', an empty range; expected 0-2",
    ),
    (
        "lr = 0.01 }",
        "lr = 0 }",
        "[[train.stages.tune.optimizer.groups]] 'bias': lr: found 0; expected a number above 0",
    ),
    (
        "momentum = 0.9",
        "alpha = 0.9",
        "[train.stages.pretrain.optimizer]: SGD takes no 'alpha'; it takes lr, momentum, nesterov, weight_decay",
    ),
    (
        "lr = 0.01 }",
        "momentum = 0.1 }",
        "[train.stages.tune.optimizer]: Adam takes no 'momentum'; it takes lr, betas, eps, weight_decay",
    ),
    (
        "momentum = 0.9,",
        "nesterov = true,",
        "[train.stages.pretrain.optimizer]: nesterov = true needs a momentum above 0",
    ),
    (
        'class = "Adam"',
        'class = "Adan"',
        "[train.stages.tune.optimizer]: class: found 'Adan'; expected one of 'SGD', 'Adam', 'AdamW', 'Adagrad', 'Adadelta', 'RMSprop', 'Adamax', 'LBFGS'",
    ),
    (
        "at = [0, 3]",
        "at = [0]",
        "[[train.stages.pretrain.schedules]] 'lr': kind 'step' needs as many numbers in at as in values; found 1 and 2",
    ),
    (
        "at = [0, 3]",
        "at = [3, 0]",
        "[[train.stages.pretrain.schedules]] 'lr': at: found [3.0, 0.0]; expected epochs that rise",
    ),
    (
        "at = [0, 3]",
        "at = [-1, 0]",
        "[[train.stages.pretrain.schedules]] 'lr': at: found [-1, 0]; expected a list, each item a number of at least 0",
    ),
    (
        "at = [0, 2]",
        "at = [0, 1, 2]",
        "[[train.stages.tune.schedules]] 'buffer:rate': kind 'linear' needs 2 numbers in at and 2 in values; found 3 and 2",
    ),
    (
        'kind = "linear", at = [0, 2], values = [1, 0.5]',
        'kind = "exponential", at = [0, 2], values = [1, 0]',
        "[[train.stages.tune.schedules]] 'buffer:rate': values: found [1.0, 0.0]; 'exponential' needs them above 0",
    ),
    (
        "values = [1.0, 0.1]",
        "values = [1.0, -0.1]",
        "[[train.stages.pretrain.schedules]] 'lr': values: found [1.0, -0.1]; a factor on lr is at least 0",
    ),
    (
        'key = "lr"',
        'key = "alpha"',
        "[train.stages.pretrain]: schedules: SGD has no 'alpha' to schedule; it has lr, momentum, weight_decay, and a model has buffer:NAME",
    ),
    (
        'key = "lr"',
        'key = "buffer:"',
        "[train.stages.pretrain]: schedules: SGD has no 'buffer:' to schedule; it has lr, momentum, weight_decay, and a model has buffer:NAME",
    ),
    (
        "schedules = [",
        'schedules = [{ key = "buffer:rate", kind = "step", at = [0], values = [1] }, ',
        "[train.stages.tune]: schedules: the key 'buffer:rate' is given more than once",
    ),
    (
        'kind = "step"',
        'kind = "steps"',
        "[[train.stages.pretrain.schedules]] 'lr': kind: found 'steps'; expected one of 'step', 'linear', 'cosine', 'exponential'",
    ),
    (
        'use = ["pretrain", "tune"]',
        'use = ["pretrain", "tuna"]',
        "[train]: use: no stage 'tuna'; there are pretrain, tune, closed",
    ),
    (
        'use = ["pretrain", "tune"]',
        'use = ["tune", "tune"]',
        "[train]: use: the stage 'tune' is given more than once",
    ),
    (
        'use = ["pretrain", "tune"]',
        'use = ["tune"]',
        "[train.stages.pretrain]: no run uses this stage",
    ),
    (
        '[[run]]\nname = "k-40"',
        '[[run]]\nname = "k-25"\nlabel = "again"\n\n[[run]]\nname = "k-40"',
        "[[run]] 'k-25': name: 'k-25' is given to 2 tables; expected one",
    ),
    (
        "[measure.sparsity]",
        "[measure.error]",
        "not TOML: line 64, column 15: Cannot declare ('measure', 'error') twice",
    ),
    (
        "[measure.sparsity]",
        "[[measure.sparsity]]",
        "[measure]: sparsity: found [a table]; expected a table",
    ),
    (
        'id = "order"',
        'id = "value-25"',
        "[[claim]] 'value-25': id: 'value-25' is given to 2 tables; expected one",
    ),
    (
        "[[figure]]\n",
        '[[figure]]\nname = "filters"\nfunction = "a.b"\ntitle = "t"\ncaption = ""\npaper = ""\nruns = []\n[[figure]]\n',
        "[[figure]] 'filters': runs: found []; expected a list of the names of one or more runs",
    ),
    (
        'run = "k-25"\nmetric = "error"',
        'run = "k25"\nmetric = "error"',
        "[[claim]] 'value-25': run: no run 'k25' (did you mean 'k-25'?); there are k-25, k-40, k-70, pca",
    ),
    (
        'lower = "k-25"',
        'lower = "k-26"',
        "[[claim]] 'order': lower: no run 'k-26' (did you mean 'k-25'?); there are k-25, k-40, k-70, pca",
    ),
    (
        'metric = "sparsity"',
        'metric = "sparity"',
        "[[claim]] 'exact': metric: no measure 'sparity' (did you mean 'sparsity'?); there are error, sparsity",
    ),
    (
        'runs = ["k-25", "k-40", "k-70"]\ntiers',
        'runs = ["k-40"]\ntiers',
        "[[claim]] 'exact': metric: 'sparsity' is not measured on run 'k-25'; it is on k-40",
    ),
    (
        'runs = ["k-25", "k-40", "k-70"]\ntiers',
        'runs = ["k-52"]\ntiers',
        "[measure.sparsity]: runs: no run 'k-52' (did you mean 'k-25'?); there are k-25, k-40, k-70, pca",
    ),
    (
        'runs = ["k-25"]\nrows',
        'runs = ["k-52"]\nrows',
        "[[figure]] 'filters': runs: no run 'k-52' (did you mean 'k-25'?); there are k-25, k-40, k-70, pca",
    ),
    (
        'higher = "k-70"',
        'higher = "k-25"',
        "[[claim]] 'order': higher: run 'k-25' is given 2 times; kind 'order' needs distinct runs",
    ),
    (
        'runs = ["k-25", "k-40"]',
        'runs = ["k-25", "k-25"]',
        "[[claim]] 'equal': runs: run 'k-25' is given 2 times; kind 'equal' needs distinct runs",
    ),
    (
        'runs = ["k-25", "k-40", "k-70"]\nmoves',
        'runs = ["k-25", "k-40", "k-25"]\nmoves',
        "[[claim]] 'trend': runs: run 'k-25' is given 2 times; kind 'trend' needs distinct runs",
    ),
    (
        'runs = ["k-25", "k-40", "k-70"]\nmoves',
        'runs = ["k-25", "k-40"]\nmoves',
        "[[claim]] 'trend': runs: found 2; a trend needs at least 3",
    ),
    (
        'status = "printed"\nprimary = true',
        'status = "recalled"\nprimary = true',
        "[[claim]] 'value-25': primary: found true; a claim of status 'recalled' is never primary",
    ),
    (
        'primary = true\ntiers = ["paper"]',
        'primary = true\ncontrol = true\ntiers = ["quick"]',
        "[[claim]] 'value-25': tiers: a primary claim is judged in tier 'paper'; add it, or leave primary out",
    ),
    (
        'primary = true\ntiers = ["paper"]',
        'primary = true\ntiers = ["paper", "quick"]',
        "[[claim]] 'value-25': tiers: found 'quick'; a reduced run never tests a published number: expected ['paper'], or control = true for a test of the measurement",
    ),
    (
        'tiers = ["paper"]\nmargin = 0.5',
        'tiers = ["smoke"]\nmargin = 0.5',
        "[[claim]] 'read-off': tiers: found 'smoke'; a reduced run never tests a published number: expected ['paper'], or control = true for a test of the measurement",
    ),
    (
        'tiers = ["paper"]\ncontrol = true',
        'tiers = ["paper", "quick"]\ncontrol = true',
        "[[claim]] 'exact': tiers: found 'quick'; 'sparsity' is measured in paper",
    ),
    (
        'runs = ["k-25", "k-70", "pca"]',
        'runs = ["k-70", "pca"]',
        "[[claim]] 'order': tiers: [tier.quick] leaves out run 'k-25', which the claim is about",
    ),
    (
        'runs = ["k-25", "k-70", "pca"]',
        'runs = ["k-25", "k-70", "k-80"]',
        "[tier.quick]: runs: no run 'k-80' (did you mean 'k-70'?); there are k-25, k-40, k-70, pca",
    ),
    (
        "[tier.quick.run.k-70]",
        "[tier.quick.run.k-71]",
        "[tier.quick.run.k-71]: no run 'k-71' (did you mean 'k-70'?); there are k-25, k-40, k-70, pca",
    ),
    (
        "model = { k = 40 }",
        "model = { kk = 40 }",
        "[[run]] 'k-40': model.kk: no such key to override (did you mean 'k'?); there are class, hidden, k, rate",
    ),
    (
        "model = { k = 40 }",
        'model = { k = "40" }',
        "[[run]] 'k-40': model.k: found '40'; expected a number",
    ),
    (
        "model = { k = 40 }",
        "model = { hidden = 40 }",
        "[[run]] 'k-40': model.hidden: found 40; expected a list",
    ),
    (
        "model = { k = 40 }",
        "data = { limits = 40 }",
        "[[run]] 'k-40': data.limits: no such key to override (did you mean 'limit'?); there are name, train, test, limit, test_limit, only, labelled, labelled_by",
    ),
    (
        "model = { k = 40 }",
        'data = { limit = "some" }',
        "[[run]] 'k-40': data.limit: found 'some'; expected 'all' or a whole number of at least 1",
    ),
    (
        "model = { k = 40 }",
        "train = { seeds = 3 }",
        "[[run]] 'k-40': train.seeds: found 3; expected numbers and ranges in quotes, such as \"0-4,7\"",
    ),
    (
        "model = { k = 40 }",
        'train = { use = ["tone"] }',
        "[[run]] 'k-40': train: use: no stage 'tone'; there are pretrain, tune, closed",
    ),
    (
        "tune = { epochs = 5 }",
        "tune = { epoch = 5 }",
        "[[run]] 'k-70': train.stages.tune.epoch: no such key to override (did you mean 'epochs'?); there are objective, modules, optimizer, schedules, batch, epochs, update, order, remainder, points, watch, phases",
    ),
    (
        "tune = { epochs = 5 }",
        "tone = { epochs = 5 }",
        "[[run]] 'k-70': train.stages.tone: no such key to override (did you mean 'tune'?); there are pretrain, tune, closed",
    ),
    (
        "tune = { epochs = 5 }",
        "tune = 5",
        "[[run]] 'k-70': train.stages.tune: found 5; expected a table",
    ),
    (
        "tune = { epochs = 5 }",
        "tune = { clip = 1.0 }",
        "[[run]] 'k-70': train.stages.tune.clip: no such key to override; there are objective, modules, optimizer, schedules, batch, epochs, update, order, remainder, points, watch, phases",
    ),
    (
        "tune = { epochs = 5 }",
        "tune = { optimizer = { momentum = 0.5 } }",
        "[[run]] 'k-70': train.stages.tune.optimizer.momentum: no such key to override; there are class, lr, betas, groups",
    ),
    (
        "tune = { epochs = 5 }",
        'tune = { optimizer = { class = "SGD" } }',
        "[[run]] 'k-70': train.stages.tune.optimizer: missing key 'lr'; expected a number above 0",
    ),
    (
        "tune = { epochs = 5 }",
        'tune = { optimizer = { class = "SGD", lr = 1, betas = [0.1, 0.2] } }',
        "[[run]] 'k-70': train.stages.tune.optimizer: SGD takes no 'betas'; it takes lr, momentum, nesterov, weight_decay",
    ),
    (
        "tune = { epochs = 5 }",
        'tune = { epochs = 5, schedules = [{ key = "lr", kind = "step", at = [1], values = [] }] }',
        "[[run]] 'k-70': train.stages.tune.schedules.0: kind 'step' needs as many numbers in at as in values; found 1 and 0",
    ),
    (
        "model = { rate = 0.25 }",
        "model = { latent = 3 }",
        "[tier.quick]: model.latent: no such key to override; there are class, hidden, k, rate",
    ),
    (
        "model = { rate = 0.25 }",
        "model = { rate = true }",
        "[tier.quick]: model.rate: found true; expected a number",
    ),
    (
        "data = { limit = 1000 }",
        "data = { limit = 0 }",
        "[tier.quick]: data.limit: found 0; expected 'all' or a whole number of at least 1",
    ),
    (
        "model = { k = 60 }",
        "model = { latent = 60 }",
        "[tier.quick.run.k-70]: model.latent: no such key to override; there are class, hidden, k, rate",
    ),
    (
        "model = { k = 60 }",
        "modl = { k = 60 }",
        "[tier.quick.run.k-70]: modl: no such key to override (did you mean 'model'?); there are data, model, train",
    ),
    (
        "model = { k = 60 }",
        "model = 60",
        "[tier.quick.run.k-70]: model: found 60; expected a table",
    ),
    (
        "tune = { epochs = 1 }",
        "pretrain = { layer = -1 }",
        "[tier.quick]: train.stages.pretrain.layer: found -1; expected a whole number of at least 0",
    ),
]


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "author2014-model.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def message(path: Path) -> str:
    with pytest.raises(UserError) as caught:
        read_spec(path)
    return str(caught.value)


@pytest.mark.parametrize(("right", "wrong", "expected"), MUTATIONS)
def test_a_mistake_gives_one_line_with_place_found_and_expected(tmp_path, right, wrong, expected):
    assert TEXT.count(right) == 1
    path = write(tmp_path, TEXT.replace(right, wrong))
    assert message(path) == f"{path}: {expected}"
    lost = wrong in ('[train.stages."a b"]', 'runs = ["k-52"]\ntiers')
    also = wrong.startswith("[[figure]]") or lost  # who named what has lost its name is wrong, too
    assert len(inspect_spec(path, "spec.toml")[1]) == 1 or also


def test_all_problems_are_listed_misspelt_keys_first(tmp_path):
    text = TEXT.replace("year = 2014", "year = 14").replace("printed =", "pritned =")
    _, problems = inspect_spec(write(tmp_path, text), "spec.toml")
    assert [line.split("; ")[0] for line in problems] == [
        "spec.toml: [[claim]] 'value-25': unknown key 'pritned' (did you mean 'printed'?)",
        "spec.toml: [paper]: year: found 14",
    ]  # and no missing key 'printed'


def test_structure_names_and_overrides_are_faulted_in_one_go(tmp_path):
    """One mistake hides no other, whatever is looked at first."""
    planted = {
        "year = 2014": ("year = 14", "[paper]: year: found 14"),
        "batch = 100\nepochs = 5": (
            "bacth = 100\nepochs = 5", "[train.stages.pretrain]: unknown key 'bacth'",
        ),
        'higher = "k-70"': ('higher = "k-71"', "[[claim]] 'order': higher: no run 'k-71'"),
        "model = { k = 40 }": ("model = { kk = 40 }", "[[run]] 'k-40': model.kk: no such key"),
        'metric = "sparsity"': ('metric = "sparse"', "[[claim]] 'exact': metric: no measure"),
        "readings = [13.0, 13.2]": ("readings = 13.0", "[[claim]] 'read-off': readings: found"),
        "tolerance = 0\n": ("", "[[claim]] 'exact': missing key 'tolerance'"),
        'class = "Adam"': ('class = "Adan"', "[train.stages.tune.optimizer]: class: found 'Adan'"),
    }  # fmt: skip
    faults = [(right, wrong) for right, (wrong, _) in planted.items()]
    _, problems = inspect_spec(write(tmp_path, author2014.changed(TEXT, *faults)), "spec.toml")
    for _, expected in planted.values():
        assert [line for line in problems if line.startswith(f"spec.toml: {expected}")], expected
    assert len(problems) == len(planted), problems


def test_a_file_that_is_not_utf8_is_named_with_its_line(tmp_path):
    path = write(tmp_path, b"[paper]\ntitle = '\xe9'\n")
    assert message(path) == f"{path}: line 2: not UTF-8; save the file as UTF-8"


def test_an_unfinished_file_is_named_with_its_last_line(tmp_path):
    path = write(tmp_path, b"[paper]\n\nhidden = [1, 2")
    assert message(path) == f"{path}: not TOML: line 3, end: Unclosed array"


def test_an_integer_of_thousands_of_digits_is_refused(tmp_path):
    path = write(tmp_path, b"a = " + b"9" * 5000)
    assert message(path).startswith(f"{path}: not TOML: Exceeds the limit (4300 digits)")
    path = write(tmp_path, b"a = 0x" + b"f" * 5000)
    assert message(path) == f"{path}: a: found an integer of more than 64 bits"


def test_lists_nested_beyond_the_stack_are_refused(tmp_path):
    path = write(tmp_path, b"a = " + b"[" * 20000)
    assert message(path) == f"{path}: not TOML: lists or tables are nested too deeply"


def test_an_empty_file_lacks_its_first_table(tmp_path):
    path = write(tmp_path, b"")
    assert message(path) == f"{path}: missing key 'paper'; expected a table"


def test_a_missing_file_and_a_folder_cannot_be_read(tmp_path):
    path = tmp_path / "none.toml"
    assert message(path) == f"{path}: cannot be read: No such file or directory"
    assert message(tmp_path) == f"{tmp_path}: cannot be read: Is a directory"


def cell(spec: Spec, tier: str, run: str, **options: Any) -> Any:
    return next(c for c in cells(spec, tier, where="spec", **options) if c.name == run)


def test_the_tier_overrides_the_spec_the_run_the_tier_and_the_tiers_run_all(tmp_path):
    text = TEXT.replace("rate = 0.5\n", "rate = 0.5\nwidth = 1\n")
    text = text.replace("model = { rate = 0.25 }", "model = { rate = 0.25, width = 2, k = 9 }")
    text = text.replace("model = { k = 70 }", "model = { k = 70, width = 3 }")
    spec = read_spec(write(tmp_path, text))
    assert cell(spec, "paper", "k-25").model == {
        "class": "sparse.Sparse", "hidden": [100], "k": 25, "rate": 0.5, "width": 1
    }  # fmt: skip
    assert cell(spec, "quick", "k-25").model == {
        "class": "sparse.Sparse", "hidden": [100], "k": 9, "rate": 0.25, "width": 2
    }  # fmt: skip
    assert cell(spec, "paper", "k-70").model["k"] == 70
    assert cell(spec, "quick", "k-70").model == {
        "class": "sparse.Sparse", "hidden": [100], "k": 60, "rate": 0.25, "width": 3
    }  # fmt: skip


def test_overrides_reach_any_depth_and_leave_what_they_do_not_name():
    spec = read_spec(VALID)
    stages = cell(spec, "quick", "k-25").train.stages
    assert (stages["tune"].epochs, stages["tune"].batch) == (1, 100)
    assert stages["pretrain"] == spec.train.stages["pretrain"]
    assert cell(spec, "quick", "k-70").train.stages["tune"].epochs == 5
    assert cell(spec, "quick", "k-25").data.limit == 1000
    assert cell(spec, "quick", "k-25").data.test_limit == "all"


def test_a_model_that_names_its_class_replaces_the_whole_table():
    spec = read_spec(VALID)
    for tier in ("paper", "quick", "smoke"):
        assert cell(spec, tier, "pca").model == {"class": "linear.PCA", "latent": 25}


def test_an_optimizer_that_names_its_class_replaces_the_whole_table(tmp_path):
    change = 'tune = { optimizer = { class = "SGD", lr = 1, momentum = 0.5 } }'
    spec = read_spec(write(tmp_path, TEXT.replace("tune = { epochs = 5 }", change)))
    stage = cell(spec, "paper", "k-70").train.stages["tune"]
    assert isinstance(stage, Descent)
    assert stage.optimizer.model_dump(by_alias=True, exclude_none=True) == {
        "class": "SGD", "lr": 1.0, "momentum": 0.5, "groups": ()
    }  # fmt: skip
    assert stage.epochs == 2.5


def test_a_tier_has_its_runs_in_the_order_of_the_spec():
    spec = read_spec(VALID)
    assert [c.name for c in cells(spec, "paper", where="s")] == ["k-25", "k-40", "k-70", "pca"]
    assert [c.name for c in cells(spec, "quick", where="s")] == ["k-25", "k-70", "pca"]


def test_seeds_from_the_command_line_replace_all():
    spec = read_spec(VALID)
    assert [c.train.seeds for c in cells(spec, "quick", where="s")] == [(0, 1, 2, 3, 4)] * 2 + [
        (0,)
    ]
    replaced = cells(spec, "quick", seeds=(7, 8), where="s")
    assert [c.train.seeds for c in replaced] == [(7, 8)] * 3


@pytest.mark.parametrize(
    ("seeds", "expected"),
    [
        ((), "--seeds.train.seeds: found []; expected a list of one or more whole numbers of at l"),
        ((3, 3), "--seeds.train: seeds: the seed 3 is given more than once"),
        ((-1,), "--seeds.train.seeds: found [-1]; expected a list of one or more whole numbers of"),
    ],
)
def test_seeds_from_the_command_line_are_checked(seeds, expected):
    with pytest.raises(UserError) as caught:
        cells(read_spec(VALID), "paper", seeds=seeds, where="spec")
    assert str(caught.value).startswith(f"spec: {expected}")


def test_an_unknown_tier_is_named():
    with pytest.raises(UserError) as caught:
        cells(read_spec(VALID), "qick", where="spec")
    line = "spec: no tier 'qick' (did you mean 'quick'?); there are paper, quick, smoke"
    assert str(caught.value) == line


def reversed_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: reversed_keys(value[key]) for key in reversed(value)}
    return [reversed_keys(v) for v in value] if isinstance(value, list) else value


def reversed_order(table: dict[str, Any]) -> dict[str, Any]:
    return dict(reversed(table.items()))


def digest_of_raw(raw: dict[str, Any]) -> str:
    return digest_of(Spec.model_validate_json(json.dumps(expand(raw).tables)))


def test_the_digest_ignores_comments_spaces_order_and_spelt_defaults(tmp_path):
    expected = digest_of(read_spec(VALID))
    spaced = "".join(f"{line}  # a comment\n" for line in TEXT.splitlines() if line.strip())
    assert digest_of(read_spec(write(tmp_path, spaced))) == expected
    raw = reversed_keys(tomllib.loads(TEXT))
    raw["measure"] = reversed_order(raw["measure"])  # measures are taken in the order of the file
    assert digest_of_raw(raw) == expected
    default = TEXT.replace('better = "lower"\nsplit', 'better = "lower"\nruns = "all"\nsplit')
    assert default != TEXT
    assert digest_of(read_spec(write(tmp_path, default))) == expected
    whole = TEXT.replace("epochs = 2.5", "epochs = 2")
    same = TEXT.replace("epochs = 2.5", "epochs = 2.0")
    assert digest_of(read_spec(write(tmp_path, whole))) == digest_of(
        read_spec(write(tmp_path, same))
    )


def test_the_digest_does_not_know_the_formula(tmp_path):
    other = TEXT.replace("x - \\hat{x}", "x - g(f(x))")
    assert other != TEXT
    assert digest_of(read_spec(write(tmp_path, other))) == digest_of(read_spec(VALID))
    raw = tomllib.loads(TEXT)
    del raw["paper"]["formula"]  # as records of before the key have it
    assert digest_of_raw(raw) == digest_of(read_spec(VALID))


def test_the_digest_survives_a_record():
    spec = read_spec(VALID)
    dumped = spec.model_dump(mode="json", by_alias=True, exclude_none=True)
    assert digest_of(Spec.model_validate_json(json.dumps(dumped))) == digest_of(spec)
    assert digest_of(spec) != digest(dumped)  # defaults that a later format adds do not count


def leaves(value: Any, steps: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if not isinstance(value, dict | list) or value in ({}, []):
        return [steps]
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    return [leaf for step, item in pairs for leaf in leaves(item, (*steps, step))]


def changed(value: Any) -> list[Any]:
    """Values near `value`, one of which the format accepts in its place."""
    match value:
        case bool():
            return [not value]
        case int() | float():
            return [value + 10, value / 2 or 0.5]
        case "lower" | "higher":
            return ["higher" if value == "lower" else "lower"]
        case "up":
            return ["down"]
        case "all":
            return [5, ["x"]]
        case "sd":
            return ["se"]
        case "paper" | "quick":
            return ["smoke"]
        case "printed" | "quoted" | "digitised" | "recalled" | "calculated":
            return ["quoted" if value != "quoted" else "recalled"]
        case "1.35":
            return ["1.350"]
        case "0-2" | "0" | "0-4":
            return ["0-3"]
        case "step":
            return ["linear"]
        case "linear":
            return ["cosine"]
        case "SGD" | "Adam":
            return ["RMSprop", "AdamW"]
        case "lr":
            return ["weight_decay"]
        case str():
            return [f"{value}x"]
        case _:
            return [{"runs": ["k-25", "k-70", "pca"]}]


def test_the_digest_changes_with_every_value():
    raw = tomllib.loads(TEXT)
    del raw["paper"]["formula"]  # the one key that does not count
    expected, different, fixed = digest_of_raw(raw), 0, []
    for steps in leaves(raw):
        parent = raw
        for step in steps[:-1]:
            parent = parent[step]
        old, found = parent[steps[-1]], []
        for value in changed(old):
            parent[steps[-1]] = value
            try:
                found.append(digest_of_raw(raw))
            except ValueError:
                continue
        parent[steps[-1]] = old
        assert expected not in found, steps
        different += bool(found)
        if not found:
            fixed.append(steps)
    assert different > 150
    assert {s for s in fixed if s[0] != "claim" or s[-1] != "kind"} == {
        ("train", "use", 0),
        ("train", "use", 1),
    }  # a stage's name and a claim's kind cannot change alone


def containers(value: Any) -> list[Any]:
    if not isinstance(value, dict | list):
        return []
    items = value.values() if isinstance(value, dict) else value
    return [value, *(c for item in items for c in containers(item))]


JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**65), 2**65),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(["kind", "Fit", "Descent", "value", "[key]", "class", "fit", "use", "all"]),
    st.just([]),
    st.just({}),
    st.just([["x"]]),
    st.just({"class": {"fit": 1}}),
)


def as_toml(value: Any) -> str:
    """TOML in inline tables only: enough to write any mutation down."""
    match value:
        case None:
            return "1979-05-27"
        case bool():
            return str(value).lower()
        case dict():
            return "{" + ", ".join(f"{as_toml(k)} = {as_toml(v)}" for k, v in value.items()) + "}"
        case list():
            return "[" + ", ".join(as_toml(v) for v in value) + "]"
        case str():
            return json.dumps(value).replace("\x7f", "\\u007f")
        case float():
            return repr(value)
        case _:
            return str(value)


def refusal(path: Path) -> str | None:
    try:
        spec = read_spec(path)
    except UserError as error:
        return str(error)
    return None if all(cells(spec, tier, where="spec") for tier in spec.tier) else "no runs"


def reads_or_refuses_in_one_line(path: Path) -> None:
    line = refusal(path)
    assert line is None or (line.startswith(f"{path}: ") and len(line.splitlines()) == 1)


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_mutation_is_read_or_refused_in_one_line(tmp_path_factory, data):
    raw = copy.deepcopy(tomllib.loads(TEXT))
    for _ in range(data.draw(st.integers(1, 3))):
        where = data.draw(st.sampled_from([c for c in containers(raw) if c]))
        keys = list(where) if isinstance(where, dict) else list(range(len(where)))
        key = data.draw(st.sampled_from(keys))
        action = data.draw(st.sampled_from(["delete", "replace", "rename", "copy"]))
        if action == "delete":
            del where[key]
        elif action == "replace":
            where[key] = copy.deepcopy(data.draw(JUNK))
        elif action == "copy":
            where[key] = copy.deepcopy(data.draw(st.sampled_from(containers(raw))))
        elif isinstance(where, dict):
            name = data.draw(st.text(max_size=4) | st.sampled_from([*where, "kind", "[key]"]))
            where[name] = where.pop(key)
    text = "".join(f"{as_toml(k)} = {as_toml(v)}\n" for k, v in raw.items())
    reads_or_refuses_in_one_line(write(tmp_path_factory.getbasetemp(), text))


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(content=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_refused_in_one_line(tmp_path_factory, content):
    path = write(tmp_path_factory.getbasetemp(), content)
    with pytest.raises(UserError) as caught:
        read_spec(path)
    assert len(str(caught.value).splitlines()) == 1


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(at=st.integers(0, len(TEXT)), junk=st.text(max_size=3), cut=st.integers(0, 30))
def test_any_damage_to_the_text_is_read_or_refused_in_one_line(tmp_path_factory, at, junk, cut):
    text = TEXT[:at] + junk + TEXT[at + cut :]
    reads_or_refuses_in_one_line(write(tmp_path_factory.getbasetemp(), text))


def test_the_small_spec_is_toml_that_json_can_hold():
    assert json.loads(json.dumps(load(VALID, "spec"))) == tomllib.loads(TEXT)
