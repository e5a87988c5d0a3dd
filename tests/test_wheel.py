"""What a wheel carries: all code, and what stands around it in a checkout."""

import zipfile

import pytest
from project import ROOT
from wheel_of import built, packages

from ae.disk import visible

SHARE = "ae/share"


def test_every_package_of_the_source_tree_is_listed():
    found = {
        ".".join(path.parent.relative_to(ROOT).parts) for path in (ROOT / "ae").rglob("__init__.py")
    }
    assert found == {name for name in packages() if not name.startswith("ae.share")}


@pytest.mark.slow
def test_a_wheel_has_the_code_specs_manifests_templates_and_mnist(tmp_path):
    with zipfile.ZipFile(built(tmp_path)) as wheel:
        names = set(wheel.namelist())
        sizes = {info.filename: info.file_size for info in wheel.infolist()}
    code = {f"ae/{p.relative_to(ROOT / 'ae').as_posix()}" for p in (ROOT / "ae").rglob("*.py")}
    share = {
        f"{SHARE}/{path.relative_to(ROOT).as_posix()}"
        for folder, pattern in (
            ("benchmarks", "*.toml"),
            ("datasets", "*.toml"),
            ("datasets/mnist", "*.gz"),
            ("reports/templates", "*"),
            ("reports/baseline", "*.json"),
        )
        for path in visible(ROOT / folder, pattern)
    }
    share |= {f"{SHARE}/benchmarks/README.md", f"{SHARE}/datasets/README.md"}
    assert len([name for name in share if name.endswith(".gz")]) == 4
    assert {n for n in names if ".dist-info/" not in n} == code | share
    for name in share:
        assert sizes[name] == (ROOT / name.removeprefix(f"{SHARE}/")).stat().st_size
