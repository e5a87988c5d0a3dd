"""Which optimiser gives the mean code that the Keras blog prints: a plain loop, without the suite's trainer.

`python tests/oracle/keras_optimisers.py` trains the blog's simple autoencoder (784-32-784, ReLU and
sigmoid, Glorot's uniform weights, 50 epochs of batches of 256, mean binary cross-entropy) by Adam, as
the page's program has it today, and by Adadelta, which the text of 2016 was written for, with the
defaults of Keras 1 (rate 1, rho 0.95, epsilon 1e-8). It prints mean and standard deviation over three
seeds of the test loss, nats a pixel, and of the mean of all codes of test images.
`docs/what-the-suite-found.md` says what follows. It takes some four minutes of one core.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits as cross_entropy

from ae.data.idx import digits

FOLDER = Path(__file__).parents[2] / "datasets" / "mnist"
SEEDS, EPOCHS, BATCH = 3, 50, 256
OPTIMISERS: dict[str, Callable[[Iterable[Tensor]], torch.optim.Optimizer]] = {
    "Adam": lambda p: torch.optim.Adam(p, lr=0.001, eps=1e-7),
    "Adadelta": lambda p: torch.optim.Adadelta(p, lr=1.0, rho=0.95, eps=1e-8),
}


def images(part: str) -> Tensor:
    """Pixels from 0 to 1, an image a row, of `train` or `t10k`."""
    files = {kind: FOLDER / f"{part}-{kind}-ubyte.gz" for kind in ("images-idx3", "labels-idx1")}
    x, _ = digits(files, "images-idx3", "labels-idx1")
    return torch.from_numpy(x.reshape(len(x), -1)).float() / 255


def trained(seed: int, optimiser: str, x: Tensor) -> tuple[nn.Linear, nn.Linear]:
    """Encoder and decoder."""
    torch.manual_seed(seed)
    encoder, decoder = nn.Linear(784, 32), nn.Linear(32, 784)
    for layer in (encoder, decoder):
        nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(layer.bias)
    stepper = OPTIMISERS[optimiser]([*encoder.parameters(), *decoder.parameters()])
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(x)).split(BATCH):
            loss = cross_entropy(decoder(encoder(x[batch]).relu()), x[batch])
            stepper.zero_grad()
            loss.backward()
            stepper.step()
    return encoder, decoder


def main() -> None:
    """Print the table."""
    x, asked = images("train"), images("t10k")
    for optimiser in OPTIMISERS:
        found = []
        for seed in range(SEEDS):
            encoder, decoder = trained(seed, optimiser, x)
            with torch.no_grad():
                code = encoder(asked).relu()
                found.append([float(cross_entropy(decoder(code), asked)), float(code.mean())])
        table = torch.tensor(found)
        (loss, mean), (loss_sd, mean_sd) = table.mean(0).tolist(), table.std(0).tolist()
        print(
            f"{optimiser}: test loss {loss:.4f} ± {loss_sd:.4f} nats a pixel, "
            f"mean code {mean:.2f} ± {mean_sd:.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
