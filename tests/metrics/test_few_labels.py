"""What the record says of neighbours among few labels is what scikit-learn finds."""

import few_labels
import numpy as np
import pytest
from project import ROOT

from ae.records.record import read

RECORD = ROOT / "reports" / "published" / "nalisnick2017-stick-breaking" / "paper" / "record.json"


@pytest.mark.parametrize(("percent", "images"), [(1, 450), (5, 2250)])
def test_the_error_of_the_first_images_is_scikit_learns(percent, images):
    run = read(RECORD).run(f"pixels-{percent}")
    expected = few_labels.error(np.arange(images))
    assert run.metrics["labelled_knn"] == pytest.approx([expected] * len(run.seeds), abs=1e-9)
