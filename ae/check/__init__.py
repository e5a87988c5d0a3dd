"""A spec against the source tree: models, metrics, figures, data sets.

Works on syntax trees and manifests; imports none of the code that it checks.
"""

from ae.check.tree import FILE_NAME, check_all, check_spec, check_tree

__all__ = ["FILE_NAME", "check_all", "check_spec", "check_tree"]
