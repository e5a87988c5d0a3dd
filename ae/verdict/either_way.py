"""Metrics of which neither more nor less is better: a number of theirs is met or missed."""

EITHER_WAY = {  # functions, whatever direction a paper's table or plot gives them
    "codebook.perplexity",
    "codebook.rate",
    "codes.log_mean_activity",
    "codes.mean_activity",
    "decomposition.term",
    "filters.participation_ratio",
    "filters.radius",
    "likelihood.active_units",
    "likelihood.kl",
    "likelihood.kl_units",
    "parzen.width",
    "pieces.breaks",
    "pieces.collapsed",
    "pieces.used",
    "reconstruction.pixel_variance",
    "sparsity.activity_width",
    "sparsity.dead_units",
    "sparsity.most_active",
    "sparsity.reach",
    "total_correlation.gaussian",
}
