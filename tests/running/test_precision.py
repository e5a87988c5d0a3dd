"""The precision of products: in the spec, in the key, around training, in the record."""

import project as small
import pytest
import torch
from project import make, write

from ae.errors import UserError
from ae.machine.threads import products
from ae.running.record import _precision


def job(tmp_path, **replacements):
    write(tmp_path, **replacements)
    return small.paper(tmp_path)


def keys(paper):
    return {m.key for m in paper.members}


def settings():
    return torch.get_float32_matmul_precision(), torch.backends.cudnn.conv.fp32_precision


@pytest.mark.parametrize(
    ("precision", "inside"), [("float32", ("highest", "ieee")), ("tf32", ("high", "tf32"))]
)
def test_precision_holds_meanwhile_and_is_taken_back(precision, inside):
    before = settings()
    with products(precision, "cuda"):
        assert settings() == inside
    assert settings() == before
    with products(precision, "cpu"):
        assert settings() == before


def test_precision_is_part_of_the_key_and_of_what_runs_must_share(tmp_path):
    make(tmp_path)
    plain = keys(job(tmp_path))
    assert keys(job(tmp_path, use='["fit"]\nprecision = "float32"')) == plain
    rounded = job(tmp_path, use='["fit"]\nprecision = "tf32"')
    assert {s.precision for s in rounded.to_train()} == {"tf32"}
    assert keys(rounded) & plain == set()
    text = '{ corruption = 0.5 }\ntrain = { precision = "tf32" }'
    path = tmp_path / "benchmarks" / "tiny2020-dae.toml"
    write(tmp_path, use='["fit"]\nprecision = "float32"')
    path.write_text(path.read_text().replace("{ corruption = 0.5 }", text))
    apart = small.paper(tmp_path)
    runs = [[c.name for c in s.cells] for s in apart.to_train()]
    assert runs == [["plain"], ["noisy"], ["wide"]]
    assert _precision(apart) == "float32"
    apart.settings = apart.settings.with_(device="cuda")
    assert _precision(apart) == "tf32 in training noisy; else float32"


def test_another_precision_is_refused_by_name(tmp_path):
    make(tmp_path)
    with pytest.raises(UserError, match=r"\[train\].*precision.*'float16'.*'float32', 'tf32'"):
        job(tmp_path, use='["fit"]\nprecision = "float16"')


def test_the_record_states_the_precision(tmp_path):
    make(tmp_path)
    write(tmp_path, use='["fit"]\nprecision = "tf32"')
    _, record = small.run(tmp_path)
    assert record.environment.precision == "float32"
    assert record.run("plain").trained["precision"] == "float32"
    assert record.meaning.train.precision == "tf32"
