"""A measure that cannot be taken of a seed is NaN there, with the reason; the rest is recorded."""

import math

from project import make, run, write

from ae.metrics import probe

PROBE = '{ function = "probe.logistic_error", inverse_penalty = 1e6, max_iter = 1, train_examples = 320 }'


def test_a_fit_that_does_not_converge_costs_one_number(tmp_path):
    project = make(tmp_path)
    path = write(project)
    path.write_text(path.read_text().replace("[measure]\n", f"[measure]\nlost = {PROBE}\n"))
    events, record = run(project)
    for found in record.runs:
        assert all(map(math.isnan, found.metrics["lost"]))
        assert set(found.unmeasured["lost"]) == set(found.seeds)
        assert "not converged after max_iter = 1" in found.unmeasured["lost"][0]
        assert not any(map(math.isnan, found.metrics["squared_error"]))
        assert not found.diverged
    (last,) = [event for event in events if event.phase == "done" and event.news]
    assert any(said.startswith("plain, seed 0: lost is not measured: ") for said in last.news)


def test_the_other_seeds_keep_their_values(tmp_path, monkeypatch):
    """Seed 1 alone cannot be measured."""
    project = make(tmp_path)
    path = write(project)
    sound = PROBE.replace("max_iter = 1,", "max_iter = 5000,").replace("1e6", "1.0")
    path.write_text(path.read_text().replace("[measure]\n", f"[measure]\nlost = {sound}\n"))
    _, whole = run(project, results="whole")

    fit = probe.converge

    def converge(metric, trained, classifier, codes, y):
        if 1 in trained.seeds and len(trained.seeds) == 1:
            classifier.max_iter = 1
        fit(metric, trained, classifier, codes, y)
        if 1 in trained.seeds:
            raise probe.Unmeasurable(f"{metric}: planted")

    monkeypatch.setattr(probe, "converge", converge)
    _, record = run(project, results="planted")
    for found, was in zip(record.runs, whole.runs, strict=True):
        lost = found.metrics["lost"]
        assert math.isnan(lost[1])
        assert [lost[0], lost[2]] == [was.metrics["lost"][0], was.metrics["lost"][2]]
        assert set(found.unmeasured["lost"]) == {1}
