"""What the tables of one spec must agree on.

Names that refer to each other, and the rules of judging that need more than one key to check.
"""

from ae.spec.consistency.sizes import oversized
from ae.spec.consistency.tables import dangling, inconsistencies

__all__ = ["dangling", "inconsistencies", "oversized"]
