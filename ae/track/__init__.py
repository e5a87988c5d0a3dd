"""MLflow: a copy of finished records, never the source.

One experiment per spec, one parent run per record, one child run per run and seed, as `ae.tracked`
says. It is sent again after any failure, without duplicates: a parent counts once it is tagged
complete; anything short of that is sent anew, and what was left of it deleted.
"""

from ae.track.copies import Sent, send, sync
from ae.track.experiment import fetch
from ae.track.failure import TrackingError, shown
from ae.track.store import default_uri

__all__ = ["Sent", "TrackingError", "default_uri", "fetch", "send", "shown", "sync"]
