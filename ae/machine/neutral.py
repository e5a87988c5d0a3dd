"""Settings of the environment that nothing here needs and that can stop the libraries."""

import os

FIXED = {
    # Figures are written, never shown: a notebook's backend is not there in its shell's commands.
    "MPLBACKEND": "Agg",
    # Nothing that is written bears a date; numpy and others fail at one that is no number.
    "SOURCE_DATE_EPOCH": "0",
}


def settle() -> None:
    """Set them, before a library reads them; workers inherit them."""
    os.environ.update(FIXED)
