"""The `ae` command: the only package that prints or exits."""
