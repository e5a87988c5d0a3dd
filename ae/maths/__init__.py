"""Mathematics that models, metrics and verdicts share; nothing here knows of `ae`."""
