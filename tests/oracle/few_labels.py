"""Five nearest neighbours among few labelled images of MNIST, by scikit-learn.

`python tests/oracle/few_labels.py` prints the errors on the 10,000 test images: of the first images
of the training set, as nalisnick2017-stick-breaking has them, and of random ones, mean and standard
deviation of eight draws from its first 45,000 and from all 60,000. `docs/what-the-suite-found.md` says
what follows. It takes some two minutes of one core.
"""

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import KNeighborsClassifier

from ae.data.idx import digits

FOLDER = Path(__file__).parents[2] / "datasets" / "mnist"
NEIGHBOURS, DRAWS = 5, 8


@cache
def images(part: str) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Pixels, an image a row, and labels of `train` or `t10k`."""
    files = {kind: FOLDER / f"{part}-{kind}-ubyte.gz" for kind in ("images-idx3", "labels-idx1")}
    x, y = digits(files, "images-idx3", "labels-idx1")
    return x.reshape(len(x), -1).astype(np.float32), y


def error(chosen: NDArray[np.intp]) -> float:
    """Test error in percent, where these training images are the labelled ones."""
    (x, y), (asked, known) = images("train"), images("t10k")
    found = KNeighborsClassifier(NEIGHBOURS).fit(x[chosen], y[chosen]).predict(asked)
    return 100 * float(np.mean(found != known))


def main() -> None:
    """Print the table."""
    for share in (0.1, 0.05, 0.01):
        few = round(45_000 * share)
        print(f"{share:.0%}: the first {few} {error(np.arange(few)):.2f} %")
        for of in (45_000, 60_000):
            draws = (np.random.default_rng(i).permutation(of) for i in range(DRAWS))
            found = [error(order[: round(of * share)]) for order in draws]
            said = f"{np.mean(found):.2f} ± {np.std(found, ddof=1):.2f} %"
            print(f"  {round(of * share)} at random of {of}: {said}")


if __name__ == "__main__":
    main()
