"""Specs as records of earlier versions hold them, in the words of today's.

Until late 2026 an order named its `better` and its `worse` run, a number was a `value` with its
`digits`, and claims repeated their metric's `unit`. The status `read` is kept as it is: whether the
paper itself was read, or a text that quotes it, such a record does not say.
"""

import math
from typing import Any


def modern(spec: dict[str, Any]) -> dict[str, Any]:
    """A spec's tables with the claims of today; those of today as they are."""
    claims, measures = spec.get("claim"), spec.get("measure")
    if not isinstance(claims, list):
        return spec
    tables = measures if isinstance(measures, list) else []
    lower = {
        str(m.get("name")) for m in tables if isinstance(m, dict) and m.get("direction") == "lower"
    }
    return {**spec, "claim": [_modern(c, lower) if isinstance(c, dict) else c for c in claims]}


def _modern(claim: dict[str, Any], lower: set[str]) -> dict[str, Any]:
    """One claim; `lower` are the metrics of which less is better."""
    kind = claim.get("kind")
    if kind == "order" and "better" in claim and "worse" in claim:
        pair = ("lower", "higher") if str(claim.get("metric")) in lower else ("higher", "lower")
        words = dict(zip(("better", "worse"), pair, strict=True))
        return {words.get(key, key): value for key, value in claim.items()}
    if kind == "value" and "value" in claim and "digits" in claim:
        printed = _printed(claim["value"], claim["digits"])
        rest = {k: v for k, v in claim.items() if k not in ("value", "digits", "unit")}
        return {**rest, "printed": printed}
    if kind in ("exact", "figure"):
        return {key: value for key, value in claim.items() if key != "unit"}
    return claim


def _printed(value: Any, digits: Any) -> Any:
    """A number with so many digits after the point; what is none is left to be refused."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return value
    if isinstance(digits, bool) or not isinstance(digits, int) or not 0 <= digits <= 30:
        return value
    return f"{value:.{digits}f}"
