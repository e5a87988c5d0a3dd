"""Manifest -> verified tensors on a device; one file per family of data."""
