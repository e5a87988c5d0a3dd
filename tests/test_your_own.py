"""The page docs/your-own.md does what it says, from an installed wheel, in an empty folder."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

import pytest
from project import GUARD, ROOT
from shared import empty_store
from wheel_of import installed

from ae.records.record import read

PAGE = ROOT / "docs" / "your-own.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
FAULT = "thing is wrong"
QUICK = Path("results", "doe2026-vae", "quick", "record.json")


class Block(NamedTuple):
    """A block of the page: its language and its lines."""

    kind: str
    text: str


BLOCKS = [Block(*found) for found in BLOCK.findall(PAGE.read_text())]


class Shell(NamedTuple):
    """An installed `ae`, and nothing of the checkout."""

    site: Path

    def run(self, lines: str, here: Path, code: int = 0) -> tuple[str, Path]:
        """What commands print, both streams, and the folder where they end."""
        path = os.pathsep.join([str(self.site / "bin"), str(Path(sys.executable).parent)])
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AE_", "MLFLOW_", "PY"))}
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", f"{lines}\npwd > {here}/.where"],
            cwd=here,
            env=kept
            | {
                "PATH": f"{path}{os.pathsep}{kept.get('PATH', '')}",
                "PYTHONPATH": os.pathsep.join((str(GUARD), str(self.site))),
                "OMP_NUM_THREADS": "1",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=550,
            check=False,
        )
        assert done.returncode == code, done.stdout
        assert "Traceback" not in done.stdout
        return done.stdout, Path((here / ".where").read_text().strip()) if not code else here


def walk(shell: Shell, here: Path, store: Path) -> list[tuple[Block, str, Path]]:
    """Do what the page says; every block, what was printed last until then, and the folder.

    `store` is there as the results' own, for to create one takes seconds.
    """
    said, found = "", []
    for block in BLOCKS:
        if block.kind == "sh" and not block.text.startswith("pip install"):
            if "ae run" in block.text and not (here / "results").exists():
                (here / "results").mkdir()
                shutil.copy(store, here / "results" / "mlflow.db")
            said, here = shell.run(block.text, here)
        elif block.kind == "python":
            name, _, text = block.text.partition("\n")
            path = here / name.removeprefix("# ")
            if path.exists():
                assert path.read_text() == text  # what `ae new` wrote
            else:
                path.write_text(text)
        elif block.kind == "toml":
            spec = here / "benchmarks" / "doe2026-vae.toml"
            spec.write_text(spec.read_text().replace("[measure]", f"[measure]\n{block.text}#"))
        found.append((block, said, here))
    return found


@pytest.mark.slow
def test_the_page_does_what_it_says(tmp_path, tmp_path_factory):
    shell = Shell(installed(tmp_path / "wheel"))
    (tmp_path / "empty").mkdir()
    walked = walk(shell, tmp_path / "empty", empty_store(tmp_path_factory))
    check_what_was_printed(
        [(block.text, said) for block, said, _ in walked if block.kind == "text"]
    )
    lab = next(here for block, _, here in walked if block.kind == "python")
    assert len((lab / "doe2026_vae.py").read_text().splitlines()) <= 30
    check_the_record(lab)
    check_the_copy(lab)
    assert (lab / "elsewhere" / "report" / "index.html").exists()
    check_the_fault(shell, lab)


def check_what_was_printed(shown: list[tuple[str, str]]) -> None:
    assert len(shown) == 4
    for text, said in shown:
        if FAULT not in text:
            for line in text.splitlines():
                assert line in said, f"{line}\n{said}"


def check_the_record(lab: Path) -> None:
    """It rests on the lab's code and images, and was measured anew, not trained."""
    record = read(lab / QUICK)
    assert "mlflow.db" in (lab / QUICK).with_name("mlflow.json").read_text()
    assert [c.name for c in record.foreign] == ["doe2026_vae:VAE", "lab_measures:greatest_weight"]
    assert [(d.name, d.examples) for d in record.data] == [("spots", 1000), ("spots", 200)]
    assert {run.name for run in record.runs} == {"beta-1", "beta-4"}
    for run in record.runs:
        assert run.metrics.keys() == {"squared_error", "kl", "greatest"}
        assert len(run.metrics["greatest"]) == 5
    assert len(list((lab / QUICK).parent.glob("members/*.safetensors"))) == 10


def check_the_copy(lab: Path) -> None:
    """Of a paper and its model: the same but for the class."""
    origin = tomllib.loads((ROOT / "benchmarks" / "vincent2008-denoising.toml").read_text())
    copied = tomllib.loads((lab / "benchmarks" / "doe2026-dae.toml").read_text())
    assert copied["model"].pop("class") == "doe2026_dae:DAE"
    del origin["model"]["class"]
    assert copied == origin


def check_the_fault(shell: Shell, lab: Path) -> None:
    """That the page shows: it is found, and said so."""
    path = lab / "doe2026_vae.py"
    noisy = "elbo_terms(batch.x + torch.randn_like(batch.x),"
    path.write_text(path.read_text().replace("elbo_terms(batch.x,", noisy))
    said, _ = shell.run("ae test-model doe2026_vae:VAE --spec doe2026-vae", lab, code=1)
    (shown,) = [b.text for b in BLOCKS if FAULT in b.text]
    assert [line.strip() for line in said.splitlines()[1:]] == shown.splitlines()
