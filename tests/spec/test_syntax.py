"""Names in specs, found in syntax trees: the project's own and those of other packages."""

import sys

import pytest

from ae.spec.facts import PACKAGE
from ae.spec.syntax import NotFound, Unseen, function, is_foreign, tree_of


@pytest.mark.parametrize(
    ("path", "foreign"),
    [
        ("mylab.models:VAE", True),
        ("mylab:VAE", True),
        ("my_lab.a.b:f", True),
        ("vae.VAE", False),
        ("mylab.models:", False),
        (":VAE", False),
        ("mylab.models:VAE.x", False),
        ("../mylab:VAE", False),
        ("mylab..models:VAE", False),
        ("mylab models:VAE", False),
    ],
)
def test_a_colon_is_for_code_of_other_packages(path, foreign):
    assert is_foreign(path) == foreign


@pytest.fixture
def lab(tmp_path, monkeypatch):
    """A package that could be imported, and that must not be."""
    (tmp_path / "mylab" / "nets").mkdir(parents=True)
    (tmp_path / "mylab" / "__init__.py").write_text("raise RuntimeError('imported')")
    (tmp_path / "mylab" / "nets" / "__init__.py").write_text("class Net(Base): ...")
    (tmp_path / "mylab" / "metrics.py").write_text("def error(trained, *, k: int): ...\n")
    (tmp_path / "onefile.py").write_text("def error(trained): ...\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def test_code_of_another_package_is_found_where_python_would_import_it_from(lab):
    assert function(PACKAGE, "metrics", "mylab.metrics:error").args.kwonlyargs[0].arg == "k"
    assert function(PACKAGE, "metrics", "onefile:error").name == "error"
    tree, shown, name = tree_of(PACKAGE, "models", "mylab.nets:Net", "file.Class")
    assert (tree.body[0].name, shown, name) == ("Net", "mylab.nets", "Net")
    assert "mylab" not in sys.modules


def test_what_a_package_lacks_is_named(lab):
    with pytest.raises(
        NotFound, match=r"^mylab.metrics: no function 'eror' \(did you mean 'error'\?\)"
    ):
        function(PACKAGE, "metrics", "mylab.metrics:eror")
    (lab / "mylab" / "metrics.py").write_text("def error(")
    with pytest.raises(NotFound, match=r"^mylab.metrics: not Python: line 1"):
        function(PACKAGE, "metrics", "mylab.metrics:error")


def test_a_module_that_a_package_lacks_is_wrong(lab):
    with pytest.raises(
        NotFound,
        match=r"^mylab: no module 'metric' \(did you mean 'metrics'\?\); there are metrics$",
    ) as caught:
        function(PACKAGE, "metrics", "mylab.metric:error")
    assert not isinstance(caught.value, Unseen)


def test_a_name_that_a_package_imports_is_found_where_it_is_defined(lab):
    (lab / "mylab" / "__init__.py").write_text("from .metrics import error as fault\nraise OSError")
    (lab / "mylab" / "nets" / "__init__.py").write_text("from ..metrics import error")
    (lab / "loose").mkdir()
    (lab / "loose" / "inner.py").write_text("from mylab import fault\nfrom loose.inner import me\n")
    for path in ("mylab:fault", "mylab.nets:error", "loose.inner:fault"):
        assert function(PACKAGE, "metrics", path).args.kwonlyargs[0].arg == "k"
    with pytest.raises(NotFound, match="no function 'me'"):
        function(PACKAGE, "metrics", "loose.inner:me")


@pytest.mark.parametrize("path", ["nowhere.metrics:error", "mylab.none:error", "sys:exit"])
def test_code_that_is_not_here_is_not_seen_rather_than_wrong(lab, path):
    (lab / "mylab" / "none.cpython-311-x86_64-linux-gnu.so").touch()
    with pytest.raises(Unseen, match="not checked"):
        function(PACKAGE, "metrics", path)
