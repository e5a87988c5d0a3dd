"""A spec against the source tree: models, metrics, figures, data sets.

Works on syntax trees and manifests; imports none of the code that it checks.
"""

from ae.check.tree import check_all, check_spec

__all__ = ["check_all", "check_spec"]
