"""Records: what a run found, to and from disk, and how records compare."""
