"""MLflow: a copy of finished records, never the source.

One experiment per spec, one parent run per record, one child run per run and seed, as `ae.tracking.content`
says. It is sent again after any failure, without duplicates: a parent counts once it is tagged
complete; anything short of that is sent anew, and what was left of it deleted.
"""

from ae.tracking.copies import Sent, send, sync
from ae.tracking.experiment import fetch
from ae.tracking.failure import TrackingError, shown
from ae.tracking.store import default_uri

__all__ = ["Sent", "TrackingError", "default_uri", "fetch", "send", "shown", "sync"]
