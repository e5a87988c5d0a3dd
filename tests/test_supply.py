"""What the project rests on: exact versions, known files, licences that a user can live with."""

import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PIN = re.compile(r"([A-Za-z0-9._-]+)(?:\[[a-z,]+\])?==([A-Za-z0-9.!+]+)")
ALLOWED = {  # words of a licence's name, after normalisation
    "0bsd": "0BSD",
    "apache": "Apache-2.0",
    "bsd": "BSD",
    "bsl-1.0": "BSL-1.0",
    "cc0": "CC0-1.0",
    "historical permission notice": "HPND",
    "hpnd": "HPND",
    "isc": "ISC",
    "mit": "MIT",
    "mozilla public license 2.0": "MPL-2.0",
    "mpl-1.1": "MPL-1.1",
    "mpl-2.0": "MPL-2.0",
    "psf": "PSF-2.0",
    "python software foundation": "PSF-2.0",
    "unlicense": "Unlicense",
    "zlib": "Zlib",
}
READ = {  # whose metadata do not say it: as their licence files do
    ("huey", "3.5.4"): "MIT",
    ("pyphen", "0.18.1"): "MPL-1.1 OR LGPL-2.1-or-later OR GPL-2.0-or-later",  # taken by the first
    ("skops", "0.16.0"): "MIT",
}
NVIDIA = re.compile(r"nvidia-.*|cuda-.*")  # on Linux torch brings CUDA's own, proprietary libraries


def pins(name: str) -> dict[str, str]:
    """Package -> version of a file of exact versions."""
    found: dict[str, str] = {}
    for line in (ROOT / name).read_text().splitlines():
        if line and line[0] not in "# ":
            match = PIN.match(line)
            assert match, line
            package = canonicalize_name(match[1])
            assert package not in found, package
            found[package] = match[2]
    return found


def needed(requirement: str, found: dict[str, metadata.Distribution]) -> None:
    """The distributions here that a requirement rests on, itself among them."""
    wanted = Requirement(requirement)
    name = canonicalize_name(wanted.name)
    if name in found or (wanted.marker and not wanted.marker.evaluate({"extra": ""})):
        return
    found[name] = metadata.distribution(wanted.name)
    for other in found[name].requires or []:
        needed(other, found)


@pytest.fixture(scope="module")
def runtime():
    found: dict[str, metadata.Distribution] = {}
    for requirement in PROJECT["project"]["dependencies"]:
        needed(requirement, found)
    return found


def licence(distribution: metadata.Distribution) -> str:
    """What a distribution says of its licence: an expression, classifiers, or the first line."""
    if read := READ.get((canonicalize_name(distribution.name), distribution.version)):
        return read
    about = distribution.metadata
    if expression := about.get("License-Expression"):
        return expression
    classifiers = [c for c in about.get_all("Classifier") or [] if c.startswith("License :: ")]
    words = [c.rpartition(" :: ")[2] for c in classifiers]
    return "; ".join(words) or (about.get("License") or "").strip().partition("\n")[0]


def allowed(said: str) -> bool:
    """Whether every part of a licence is on the list, or one of alternatives."""
    alternatives = re.split(r"\s+OR\s+", said.replace("(", "").replace(")", ""))
    return any(
        all(
            any(re.search(rf"\b{w}\b", part.lower()) for w in ALLOWED)
            for part in re.split(r"\s+AND\s+|; ", one)
        )
        for one in alternatives
    )


def test_every_package_at_run_time_has_a_licence_that_is_allowed(runtime):
    assert len(runtime) > 80
    strange = {n: licence(d) for n, d in runtime.items() if not NVIDIA.fullmatch(n)}
    strange = {n: said for n, said in strange.items() if not allowed(said)}
    assert strange == {}


@pytest.mark.parametrize(
    "said", ["", "GPL-3.0-only", "MIT AND AGPL-3.0", "UNKNOWN", "Some Limited"]
)
def test_other_licences_are_not(said):
    assert not allowed(said)


def test_whatever_is_installed_at_run_time_is_pinned(runtime):
    constraints = pins("constraints.txt")
    loose = {n for n in runtime if n not in constraints and not NVIDIA.fullmatch(n)}
    assert loose - {"triton", "ae"} == set()


@pytest.mark.parametrize("build", ["cuda", "cpu"])
def test_the_locked_files_are_the_pinned_versions_and_all_have_hashes(build):
    names = ("locked.txt", f"locked-{build}.txt")
    shared, own = map(pins, names)
    assert shared.keys() & own.keys() == set()  # pip would refuse two entries
    locked, constraints = shared | own, pins("constraints.txt")
    public = {name: version.partition("+")[0] for name, version in locked.items()}
    assert {n: v for n, v in public.items() if constraints.get(n, v) != v} == {}
    assert {n: v for n, v in locked.items() if "+" in v and (build, n) != ("cpu", "torch")} == {}
    groups = PROJECT["dependency-groups"]
    both = (*PROJECT["project"]["dependencies"], *groups["test"], *groups["browser"])
    for requirement in (r for r in both if isinstance(r, str)):
        assert canonicalize_name(Requirement(requirement).name) in locked
    for name, found in zip(names, (shared, own), strict=True):
        text = re.sub(r"(?m)^#.*\n", "", (ROOT / name).read_text())
        for entry in re.split(r"(?m)^(?=[A-Za-z0-9])", text)[1:]:
            assert re.fullmatch(
                r"[^\n]*==[^\n]* \\\n(    --hash=sha256:[0-9a-f]{64}( \\)?\n)+", entry
            ), entry
        assert text.count("==") == len(found)


def test_what_only_cuda_needs_is_locked_with_the_build_that_needs_it(runtime):
    """Else a machine without a GPU would keep 3.8 GB for nothing, or pip refuse what has no hash."""
    shared, cuda = pins("locked.txt"), pins("locked-cuda.txt")
    assert {n for n in shared if NVIDIA.fullmatch(n)} == set()
    assert {n for n in cuda if not NVIDIA.fullmatch(n)} == {"torch", "triton"}
    assert pins("locked-cpu.txt").keys() == {"torch"}
    assert {n for n in runtime if n not in shared} - cuda.keys() - {"ae"} == set()


def test_the_default_environments_install_by_version_from_the_machines_own_index():
    """An index in the settings, or hashes, would fail where torch comes from another place."""
    for name in ("tox.ini", "constraints.txt", *(p.name for p in ROOT.glob("locked*.txt"))):
        lines = (ROOT / name).read_text().splitlines()
        settings = [line for line in lines if not line.startswith("#")]
        assert not [line for line in settings if re.search(r"index-url|find-links", line)]
    assert "--hash" not in (ROOT / "constraints.txt").read_text()
