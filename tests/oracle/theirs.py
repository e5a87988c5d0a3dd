"""What two other implementations say of known codes; written to values.json when it is run.

`disent` 0.8.0 (Michlo) has four of the scores, `disentanglement_lib` 1.5 (Locatello et al.) all six;
the former's began as a translation of the latter's. Of both, the functions that users call are called,
on a data set that gives the index of an example in the place of its image.

- disent has no beta-VAE score and no modularity: these are disentanglement_lib's.
- Both count mutual information in a sample; MIG and modularity see every example once here, so that
  no sampling is left and the numbers must be ours to rounding.
- disent leaves out no number of a code for its spread in the FactorVAE score (`prune = 0`).
- Their DCI is of scikit-learn's gradient boosting with 100 trees, on classes.
- Their SAP is of LinearSVC (C = 0.01) or, for continuous factors, of squared correlations.
- disentanglement_lib's logistic regression has C = 1, does not scale codes, and ends after 100
  iterations whether it has converged or not.
"""

import json
import sys
import warnings
from importlib.metadata import version
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
from known_codes import FACTORS, KINDS, PLACES, known_codes

VALUES = Path(__file__).with_name("values.json")
COMMAND = "python tests/oracle/theirs.py, in the environment of tox -e oracle"
REPEATS = 10
DCI = ("shape", "scale", "orientation")  # 11 classes: each is an ensemble of its own
GROUPS = {"batch_size": 32, "num_train": 1000, "num_eval": 1000}
SEPARATE = {"num_train": 1000, "num_test": 1000}
TREES = {"num_train": 400, "num_test": 400}


class World:
    """A data set as both packages ask for one; its examples are numbers of rows."""

    def __init__(self, factors=tuple(FACTORS), seed=0, in_order=False):
        self.columns = [[*FACTORS].index(name) for name in factors]
        self.rng = np.random.default_rng(seed)
        self.in_order = in_order
        self.num_factors = len(factors)
        self.gt_data = self

    def sample_factors(self, num, random_state=None):
        """All factors, those that count first."""
        rows = np.arange(num) if self.in_order else self.rng.integers(len(PLACES), size=num)
        return PLACES[rows][:, self._order]

    @property
    def _order(self):
        return self.columns + [i for i in range(len(FACTORS)) if i not in self.columns]

    def sample_observations_from_factors(self, factors, random_state=None):
        back = np.argsort(self._order)
        return np.ravel_multi_index(factors[:, back].T, [*FACTORS.values()])

    def sample(self, num, random_state=None):
        factors = self.sample_factors(num)
        return factors[:, : self.num_factors], self.sample_observations_from_factors(factors)

    def dataset_sample_batch(self, num, mode):
        return self.sample(num)[1]

    def dataset_sample_batch_with_factors(self, num, mode):
        return self.sample(num)[::-1]

    def dataset_batch_from_factors(self, factors, mode):
        return self.sample_observations_from_factors(factors)


def packages():
    """The functions of both packages, by score.

    One of them imports torchvision, which is loaded as `ae` does. disentanglement_lib asks for
    TensorFlow where it reads files only.
    """
    from ae.data.vision import functional

    functional()
    import gin

    sys.modules["gin.tf"] = gin.tf = ModuleType("gin.tf")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from disent import metrics
        from disentanglement_lib.evaluation.metrics import beta_vae, modularity_explicitness, utils

    gin.clear_config()
    gin.parse_config(
        ["discretizer.discretizer_fn = @histogram_discretizer", "discretizer.num_bins = 20"]
    )
    assert utils
    return SimpleNamespace(
        beta_vae=beta_vae.compute_beta_vae_sklearn,
        modularity=modularity_explicitness.compute_modularity_explicitness,
        **{
            name: getattr(metrics, f"metric_{name}") for name in ("factor_vae", "mig", "dci", "sap")
        },
    )


def scores(found, codes, seed):
    """Score -> value between 0 and 1, by one seed of sampling."""
    np.random.seed(seed)  # noqa: NPY002  # both packages draw from the global generator
    state = np.random.RandomState(seed)
    count = len(codes)

    def code(rows):
        return codes[rows]

    def world(**chosen):
        return World(seed=[seed, 1], **chosen)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trees = found.dci(world(factors=DCI), code, **TREES)
        whole = {"num_train": count, "batch_size": count}
        modular = found.modularity(world(in_order=True), code, state, num_test=count, **whole)
        return {
            "beta_vae": found.beta_vae(world(), code, state, **GROUPS)["eval_accuracy"],
            "factor_vae": found.factor_vae(world(), code, num_variance_estimate=3000, **GROUPS)[
                "factor_vae.eval_accuracy"
            ],
            "mig": found.mig(world(in_order=True), code, **whole)["mig.discrete_score"],
            "modularity": modular["modularity_score"],
            "sap_svm": found.sap(world(), code, **SEPARATE)["sap.score"],
            "sap_regression": found.sap(world(), code, continuous_factors=True, **SEPARATE)[
                "sap.score"
            ],
            "dci_disentanglement": trees["dci.disentanglement"],
            "dci_completeness": trees["dci.completeness"],
            "dci_informativeness": trees["dci.informativeness_test"],
        }


def main():
    found = packages()
    values = {}
    for kind in KINDS:
        repeats = [scores(found, known_codes(kind), seed) for seed in range(REPEATS)]
        values[kind] = {name: [round(float(r[name]), 6) for r in repeats] for name in repeats[0]}
        print(kind, {name: round(float(np.mean(v)), 4) for name, v in values[kind].items()})
    names = ("disent", "disentanglement-lib", "scikit-learn", "numpy")
    kept = {"versions": {n: version(n) for n in names}, "command": COMMAND, "values": values}
    VALUES.write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    main()
