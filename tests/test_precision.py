"""The precision of products: in the spec, in the key, around training, in the record."""

import pytest
import torch
from project import make, write

from ae import record as records
from ae.environment import products
from ae.errors import UserError
from ae.execute import Execution


def job(tmp_path, **replacements):
    return Execution(
        path=write(tmp_path, **replacements),
        tier="smoke",
        root=tmp_path,
        results=tmp_path / "results",
        device="cpu",
    )


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
    keys = {s.key for s in job(tmp_path).plan()}
    spelt = job(tmp_path, use='["fit"]\nprecision = "float32"')
    assert {s.key for s in spelt.plan()} == keys
    rounded = job(tmp_path, use='["fit"]\nprecision = "tf32"').plan()
    assert {s.precision for s in rounded} == {"tf32"}
    assert {s.key for s in rounded} & keys == set()
    text = '{ corruption = 0.5 }\ntrain = { precision = "tf32" }'
    path = tmp_path / "benchmarks" / "tiny2020-dae.toml"
    write(tmp_path, use='["fit"]\nprecision = "float32"')
    path.write_text(path.read_text().replace("{ corruption = 0.5 }", text))
    apart = Execution(path, "smoke", tmp_path, tmp_path / "results", "cpu")
    assert [[c.name for c in s.cells] for s in apart.plan()] == [["plain"], ["noisy"], ["wide"]]
    assert apart._precision() == "float32"
    apart.device = "cuda"
    assert apart._precision() == "tf32 in training noisy; else float32"


def test_another_precision_is_refused_by_name(tmp_path):
    make(tmp_path)
    with pytest.raises(UserError, match=r"\[train\].*precision.*'float16'.*'float32', 'tf32'"):
        job(tmp_path, use='["fit"]\nprecision = "float16"')


def test_the_record_states_the_precision(tmp_path):
    make(tmp_path)
    one = job(tmp_path, use='["fit"]\nprecision = "tf32"')
    list(one.run())
    record = records.read(one.record_path)
    assert record.environment.precision == "float32"
    assert record.run("plain").trained["precision"] == "float32"
    assert record.meaning.train.precision == "tf32"
