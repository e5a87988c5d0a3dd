"""An experiment of MLflow: a spec's runs, found by what tells them apart, and their records."""

from collections.abc import Collection, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from ae.tracking.failure import TrackingError, failures
from ae.tracking.store import absent, connected, probe

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Experiment, Run

KEY, COMPLETE = "ae.key", "ae.complete"


def fetch(
    experiment: str, *, uri: str, other_than: Collection[str] = ()
) -> list[tuple[str, bytes]] | None:
    """The records that an experiment holds: of each tier the newest that is not among the given.

    Each is the run's name and the record's JSON; `other_than` are keys of `ae.tracking.content`. Where all
    of a tier are among them, the newest stands. None: there is no such experiment.

    Raises:
        UserError: MLflow cannot use such a URI.
        TrackingError: The server is away, stalls or refuses; the store is locked or damaged.
    """
    if absent(uri):
        return None
    with failures(uri, "ask again"), ExitStack() as stack:
        probe(uri)
        client = stack.enter_context(connected(uri))
        found = client.get_experiment_by_name(experiment)
        if found is None or found.lifecycle_stage == "deleted":
            return None
        whole = _search(client, found.experiment_id, f"tags.`{COMPLETE}` = 'true'")
        chosen: dict[str, Run] = {}
        for run in sorted(whole, key=lambda r: r.info.start_time, reverse=True):
            tier = run.data.tags["ae.tier"]
            known = tier in chosen and chosen[tier].data.tags[KEY] not in other_than
            if not known and (tier not in chosen or run.data.tags[KEY] not in other_than):
                chosen[tier] = run
        return [(str(run.info.run_name), _stored(client, run)) for run in chosen.values()]


def _stored(client: "MlflowClient", run: "Run") -> bytes:
    with TemporaryDirectory() as folder:
        return Path(client.download_artifacts(run.info.run_id, "record.json", folder)).read_bytes()


def opened(client: "MlflowClient", name: str, artifacts: str | None) -> str:
    """The id of the experiment of this name, created where there is none.

    Raises:
        TrackingError: It was deleted there.
    """
    from mlflow.exceptions import MlflowException

    found = client.get_experiment_by_name(name)
    if found is None:
        try:
            return str(client.create_experiment(name, artifact_location=artifacts))
        except MlflowException:
            found = client.get_experiment_by_name(name)  # somebody else created it meanwhile
            if found is None:
                raise
    _refuse_deleted(found)
    return str(found.experiment_id)


def _refuse_deleted(experiment: "Experiment") -> None:
    if experiment.lifecycle_stage == "deleted":
        raise TrackingError(
            f"the experiment {experiment.name!r} was deleted there; restore or purge it"
        )


def whole(client: "MlflowClient", name: str, key: str) -> "Run | None":
    """The parent run of a record's whole copy, if the store has one.

    Raises:
        TrackingError: The experiment was deleted there.
    """
    found = client.get_experiment_by_name(name)
    if found is None:
        return None
    _refuse_deleted(found)
    return complete(find(client, found.experiment_id, key))


def complete(runs: "Sequence[Run]") -> "Run | None":
    """The one of a record's runs that says that all of it is there."""
    return next((run for run in runs if run.data.tags.get(COMPLETE) == "true"), None)


def find(client: "MlflowClient", experiment: str, key: str) -> "list[Run]":
    """The runs of the record with this key of `ae.tracking.content`."""
    return _search(client, experiment, f"tags.`{KEY}` = '{key}'")


def _search(client: "MlflowClient", experiment: str, wanted: str) -> "list[Run]":
    page = client.search_runs([experiment], wanted)
    runs = list(page)
    while page.token:
        page = client.search_runs([experiment], wanted, page_token=page.token)
        runs += page
    return runs
