"""What a page says of energy, of copies in MLflow, of its PDF, and of the values of exact claims."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from test_report import HINTON, TEMPLATES, hinton, rows, store, tree, words

from ae.records.entries import Energy
from ae.records.record import Record, parse
from ae.report import render
from ae.report.text import even
from ae.report.views import Page
from ae.tracking import content as tracked
from ae.verdict.numbers import extent

URI, OLD = "https://user:secret@example.org:8443/ml?token=hush", "http://localhost:5000/"
JOULES = {"package-0": 9000.0, "NVIDIA H200": 3345.6}


def told(record: Record, folder: Path) -> dict[str, str]:
    return dict(Page.of(record, folder / "record.json").provenance)


def using(record: Record, **keys: Any) -> Record:
    meant = {"joules": JOULES, "seconds": record.seconds, "note": ""} | keys
    return record.model_copy(update={"energy": Energy(**meant)})


def test_an_old_record_reads_and_says_that_energy_was_not_recorded(tmp_path: Path) -> None:
    old = hinton().model_dump(mode="json")
    del old["energy"]
    assert told(parse(json.dumps(old).encode(), "it"), tmp_path)["energy"] == "not recorded"


def test_energy_is_told_in_kj_and_wh_with_what_it_covers(tmp_path: Path) -> None:
    record = using(hinton())
    assert parse(record.model_dump_json().encode(), "it") == record
    assert told(record, tmp_path)["energy"] == (
        f"12.35 kJ (3.429 Wh) in {told(record, tmp_path)['wall time']}: package-0 9 kJ, "
        "NVIDIA H200 3.346 kJ; counted is all that ran there meanwhile, without memory, disks and "
        "power supply"
    )


def test_energy_of_a_part_of_the_training_says_so(tmp_path: Path) -> None:
    record = using(hinton(), seconds=hinton().seconds / 2, note="x: permission denied")
    assert told(record, tmp_path)["energy"].endswith(
        "; training in earlier sessions was not measured; not counted: x: permission denied"
    )


def test_energy_that_could_not_be_read(tmp_path: Path) -> None:
    record = using(hinton(), joules={}, note="package-0: permission denied")
    assert told(record, tmp_path)["energy"] == (
        "not readable on this machine (package-0: permission denied)"
    )


def test_energy_is_no_part_of_what_was_found() -> None:
    assert using(hinton()).digest == hinton().digest
    assert tracked.key(using(hinton())) == tracked.key(hinton())


def noted(record: Record, folder: Path, notes: dict[str, Any]) -> None:
    """Write beside a record where it was sent."""
    known = {"parent_run_id": "0a1b", "record_key": tracked.key(record)}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "mlflow.json").write_text(json.dumps({u: known | n for u, n in notes.items()}))


def test_a_copy_on_a_server_is_a_link_without_credentials(tmp_path: Path) -> None:
    record, name = hinton(), "hinton2006-deep-autoencoder"
    path = store(record, tmp_path / "results")[1]
    noted(record, path.parent, {URI: {"experiment_id": "7/x"}, OLD: {}})
    render([(record, path)], tmp_path / "out", templates=TEMPLATES, pdf=False)
    page = tree(tmp_path / "out" / HINTON)
    links = [a for a in page.iter("a") if "/#/experiments/" in a.get("href", "")]
    assert [a.get("href") for a in links] == [
        "https://example.org:8443/ml/#/experiments/7%2Fx/runs/0a1b"
    ]
    told = words(page)
    assert f"https://example.org:8443/ml, experiment {name}, run 0a1b" in told
    assert f"http://localhost:5000, experiment {name}, run 0a1b; " in told
    text = (tmp_path / "out" / HINTON).read_text()
    assert not re.search("secret|user:|hush", text)


def test_a_copy_in_the_projects_own_store_is_told_without_the_machines_folders(
    tmp_path: Path,
) -> None:
    record, folder = hinton(), tmp_path / "results" / "hinton2006-deep-autoencoder" / "quick"
    noted(record, folder, {f"sqlite:///{tmp_path.resolve()}/results/mlflow.db": {}})
    assert told(record, folder)["copies in MLflow"] == (
        "sent to sqlite:///results/mlflow.db, experiment hinton2006-deep-autoencoder, run 0a1b"
    )


def test_a_copy_of_another_run_is_none_of_this_record(tmp_path: Path) -> None:
    noted(hinton(), tmp_path, {OLD: {"record_key": "f" * 64}})
    assert told(hinton(), tmp_path)["copies in MLflow"] == "none noted beside the record"


@pytest.mark.parametrize("text", ["{", "[]", '{"a": 1}', '{"a": {"record_key": 1}}', "\udcff"])
def test_a_damaged_note_spoils_no_report(tmp_path: Path, text: str) -> None:
    (tmp_path / "mlflow.json").write_bytes(text.encode(errors="surrogateescape"))
    assert told(hinton(), tmp_path)["copies in MLflow"] == (
        "not known: mlflow.json beside the record is damaged"
    )


@pytest.mark.parametrize("uri", ["javascript:alert(1)", "http://[", '"><b>', "file:///etc"])
def test_what_is_no_servers_address_is_no_link(tmp_path: Path, uri: str) -> None:
    noted(hinton(), tmp_path, {uri: {"experiment_id": "7"}})
    assert not hasattr(told(hinton(), tmp_path)["copies in MLflow"], "__html__") or "<a" not in str(
        told(hinton(), tmp_path)["copies in MLflow"]
    )


def test_a_page_links_its_pdf_where_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ae.report.printed.to_pdf", lambda page: b"%PDF")
    monkeypatch.setattr("ae.report.printed.length", len)
    monkeypatch.setattr("ae.report.printed.join", lambda opening, parts: opening)
    given, name = [store(hinton(), tmp_path / "results")], HINTON.replace(".html", ".pdf")
    for each in (True, False):
        out = tmp_path / f"out-{each}"
        render(given, out, templates=TEMPLATES, each=each)
        links = {a.get("href") for a in tree(out / HINTON).iter("a")}
        assert (name in links) == (out / name).exists() == each
        assert ("ae report --each" in words(tree(out / HINTON))) != each


def test_without_pango_no_page_links_a_pdf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ae.report.printed.to_pdf", lambda page: None)
    given = [store(hinton(), tmp_path / "results")]
    render(given, tmp_path / "out", templates=TEMPLATES, each=True)
    assert ".pdf" not in {
        Path(a.get("href", "")).suffix for a in tree(tmp_path / "out" / HINTON).iter("a")
    }


@pytest.mark.parametrize(
    ("ends", "shown"),
    [
        ((-104.328, -99.28414), "−104.328 to −99.284"),
        ((13.87, 13.87), "13.87"),
        ((52.9, 53.25), "52.90 to 53.25"),
        ((0.0, 0.0), "0"),
        ((-0.5, 2.0), "−0.5 to 2.0"),
        ((1e-9, 0.5), "0.0 to 0.5"),
        ((1.5e-9, 3.25e-7), "(0.015 to 3.250) × 10⁻⁷"),
        ((-2e9, -2e9), "−2 × 10⁹"),
        ((100.0, 200.0), "100 to 200"),
        ((0.0, 5e-324), "0"),
    ],
)
def test_ends_have_a_true_minus_and_equally_many_digits(
    ends: tuple[float, float], shown: str
) -> None:
    assert extent(*ends) == shown


def test_an_exact_claims_ends_have_as_many_digits(tmp_path: Path) -> None:
    record = hinton()
    run = record.run("pca")
    assert run is not None
    values = [-13.87, -13.8711, -13.872, -13.8725, -13.8701]
    spoiled = run.model_copy(update={"metrics": {**run.metrics, "error": values}})
    record = record.model_copy(
        update={"runs": [spoiled if r.name == "pca" else r for r in record.runs]}
    )
    given = [store(record, tmp_path / "results")]
    render(given, tmp_path / "out", templates=TEMPLATES, pdf=False)
    found = rows(tmp_path / "out" / HINTON, "claims")
    (row,) = [r for r in found if r[0].startswith("pca-30") and len(r) > 1]
    assert row[4] == "−13.8725 to −13.8700 per image"
    assert "| −13.8725 to −13.8700 per image |" in (tmp_path / "out" / "summary.md").read_text()


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([723.026, 26.5, 0.0], ["723.026", "26.500", "0.000"]),
        ([723.026, 0.0012345], ["723.02600", "0.00123"]),
        ([100.0, 100.0], ["100", "100"]),
        ([-3.25, 12.5], ["\N{MINUS SIGN}3.25", "12.50"]),
        ([1e-9, 2.0], ["1 × 10⁻⁹", "2"]),
        ([0.0], ["0"]),
        ([], []),
    ],
)
def test_numbers_beside_each_other_have_as_many_decimals(
    values: list[float], shown: list[str]
) -> None:
    assert even(values) == shown
