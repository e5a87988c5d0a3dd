"""Reproduce autoencoder papers, many seeds at a time, and judge what they claim."""

__version__ = "0.1.0"
