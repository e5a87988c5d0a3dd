"""The arrows between modules, held over the syntax trees; and the house rules."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "ae").rglob("*.py"))

MAY = {  # module or package -> what of ae it may import
    "errors": set(),
    "spec": set(),
    "probability": set(),
    "sticks": set(),
    "networks": set(),
    "pooled": set(),
    "spectrum": set(),
    "models": {"probability", "networks", "spectrum", "sticks", "models.base"},
    "toml": {"errors"},
    "source": {"errors", "toml"},
    "tables": {"spec", "toml", "errors"},
    "consistency": {"spec", "toml"},
    "parts": {"spec", "toml"},
    "record": {"consistency", "parts", "spec", "errors", "toml"},
    "read": {"spec", "errors", "record", "consistency", "tables", "toml"},
    "formula": set(),
    "review": {"errors", "record", "spec", "tables", "toml"},
    "check": {"spec", "formula", "errors", "read", "review", "source", "toml", "manifest"},
    "manifest": {"errors", "manifest_parts", "spec", "tables", "toml"},
    "manifest_parts": {"spec", "toml"},
    "verdict": {"spec", "record", "errors", "pooled"},
    "gate": {"bench", "errors", "read", "record", "report", "spec", "verdict"},
    "report": {"spec", "formula", "record", "review", "tracked", "verdict", "errors"},
    "tracked": {"spec", "record", "read", "errors"},
    "track": {"spec", "record", "read", "errors", "tracked"},
    "reference": {"errors", "record", "track", "tracked"},
    "data": {"errors", "manifest", "models.base", "record"},
    "seeds": {"models.base"},
    "optimize": {"errors", "seeds", "spec"},
    "batches": {"models.base", "seeds"},
    "position": set(),
    "train": {"batches", "graph", "models.base", "optimize", "position", "seeds", "spec"},
    "trained": {"data", "models.base", "record", "seeds"},
    "metrics": {"data", "errors", "models.base", "probability", "seeds", "sticks", "trained"},
    "figures": {"errors", "metrics", "pooled", "record", "sticks", "trained"},
    "store": {"errors"},
    "folder": {"errors", "record"},
    "compare": {"record"},
    "energy": {"record"},
    "environment": {"record", "spec"},
    "memory": {"models.base", "plan", "record", "seeds", "spec"},
    "graph": {"spec"},
    "plan": {"models.base", "record", "spec"},
    "estimate": {"memory", "plan", "seeds", "spec"},
    "ray_executor": {"environment", "errors", "fitting", "plan", "ray_worker", "record"},
    "ray_worker": {"data", "environment", "errors", "fitting", "plan"},
    "fitted": {"environment", "record", "seeds", "spec"},
    "fitting": {
        "batches",
        "data",
        "environment",
        "errors",
        "fitted",
        "memory",
        "plan",
        "position",
        "seeds",
        "spec",
        "store",
        "train",
    },
}
TOP = {
    "cli",
    "bench",
    "execute",
    "gate_commands",
    "jobs",
    "progress",
    "terminal",
    "together",
    "walk",
    "worker",
    "__main__",
    "__init__",
}  # may import what they need
LINES = 250  # of a file at most
LONG = {  # files that are still to be divided
    "cli",
    "execute",
    "metrics.disentanglement",
}


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT / "ae").with_suffix("").parts)


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def own(path: Path) -> set[str]:
    """The modules of ae that a file imports, as `models.base` or `spec`."""
    found = set()
    for name in imports(path):
        head, _, rest = name.partition(".")
        if head == "ae" and rest:
            parts = rest.split(".")
            base = parts[0]
            found.add("models.base" if parts[:2] == ["models", "base"] else base)
    return found - {"__version__"}


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_the_arrows_between_modules_hold(path):
    name = name_of(path)
    group = name.partition(".")[0]
    if group in TOP:
        return
    allowed = MAY[group] | ({group} if group not in {"models"} else set())
    strange = {m for m in own(path) if m not in allowed}
    assert strange == set(), f"{name} imports {sorted(strange)}"


@pytest.mark.parametrize(
    ("library", "owner"),
    [
        ("mlflow", "track"),
        ("jinja2", "report"),
        ("weasyprint", "report"),
        ("latex2mathml", "formula"),
        ("ray", "ray_executor"),
    ],
)
def test_a_library_has_one_importer(library, owner):
    users = {
        name_of(path)
        for path in SOURCES
        if any(m == library or m.startswith(f"{library}.") for m in imports(path))
    }
    assert {u.partition(".")[0] for u in users} <= {owner, "tracked"}


def test_no_model_imports_another():
    for path in (ROOT / "ae" / "models").glob("*.py"):
        assert {m for m in imports(path) if m.startswith("ae.models")} <= {
            m for m in imports(path) if m.startswith("ae.models.base")
        } | {"ae.models"}


def test_a_file_is_short():
    long = {name_of(p) for p in SOURCES if len(p.read_text("utf-8").splitlines()) > LINES}
    assert long - LONG == set(), f"more than {LINES} lines: divide them along their nouns"
    assert LONG - long == set(), "short by now: strike them from LONG"


def test_declarations_hold_no_python():
    for folder in ("benchmarks", "datasets", "reports"):
        assert list((ROOT / folder).rglob("*.py")) == []


@pytest.mark.parametrize(
    "module", ["spec", "record", "read", "review", "check", "verdict", "report"]
)
def test_judging_and_reporting_need_no_torch(module):
    code = (
        f"import sys; sys.modules['torch'] = None; sys.modules['mlflow'] = None\nimport ae.{module}"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, timeout=60)


def test_help_loads_nothing_heavy():
    code = (
        "import sys, ae.cli\n"
        "heavy = {'torch', 'mlflow', 'numpy', 'scipy', 'pandas', 'matplotlib', 'weasyprint'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, cwd=ROOT, timeout=60, capture_output=True
    )
    assert done.stdout.decode().strip() == "[]"
