"""TOML files that people write: typed parsing, and faults named by file, table and key."""
