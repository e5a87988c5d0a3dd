"""The gate: whether a change of the code moved a number, against baselines of ten seeds or more."""
