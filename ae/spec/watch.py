"""What is looked at while a stage trains, on images that it does not train on, and what is kept."""

from ae.spec.words import Amount, Count, Direction, Index, Table, Text


class Watch(Table):
    """An evaluation on the first `examples` of a split, after every `every` steps of the stage.

    `by` is an objective of the model: each of its terms, averaged over the examples with one draw of
    the noise an example, in evaluation mode; the draws named in `silent` are 0 instead. Or it is
    `log_weights`: the terms are then `bound`, the mean of log w over `samples` codes an example, and
    `nll`, minus the log of their mean w. The term T of a watch W is on the stage's curves as `W/T`.
    """

    split: Text
    examples: Amount
    every: Count
    by: Text
    samples: Count | None = None
    silent: tuple[Text, ...] = ()


class Keep(Table):
    """Which weights a stage ends with: those of a member's own best evaluation.

    `watch` names the evaluation, `part` its term; the first of equal ones is the best. With
    `patience`, a member stops when more than so many evaluations in a row were no better than its
    best: what follows changes neither its weights nor its curves. Without, all count.
    """

    watch: Text
    part: Text
    better: Direction
    patience: Index | None = None
