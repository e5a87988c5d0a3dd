"""What is measured on a trained run: one file per family, one value per seed."""
