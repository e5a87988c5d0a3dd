"""`python -m ae` is `ae`."""

from ae.cli import main

main()
