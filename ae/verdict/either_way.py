"""Metrics of which neither more nor less is better: a number of theirs is met or missed."""

from ae.spec import Measure

EITHER_WAY = {  # functions, whatever direction a paper's table or plot gives them
    "codebook.perplexity",
    "codebook.rate",
    "codes.log_mean_activity",
    "codes.mean_activity",
    "decomposition.term",
    "filters.participation_ratio",
    "filters.radius",
    "layers.active",
    "layers.divergence",
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
PARTS = {"kl", "perplexity"}  # parts of an objective of which that holds
READ = {  # functions that read such a part off, by training or by a data set
    "curves.at_step",
    "curves.average",
    "curves.between",
    "curves.greatest",
    "curves.last_stage",
    "curves.least",
    "curves.window",
    "objective.mean",
}


def either_way(measure: Measure) -> bool:
    """Whether neither more nor less of a measure is better."""
    named = str(measure.arguments.get("part", ""))
    part = named.rpartition("/")[2]  # a watch has its name before it
    return measure.function in EITHER_WAY or (measure.function in READ and part in PARTS)
