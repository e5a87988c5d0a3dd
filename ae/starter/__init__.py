"""What a paper of one's own begins with: a spec, a model and a manifest that pass `ae check`."""
