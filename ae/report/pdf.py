"""HTML into a PDF that has the same bytes each time."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from ae.errors import OutsideError

LIBRARIES = "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
WITHOUT_PANGO = (
    f"no PDF: WeasyPrint does not find Pango; install it (Debian: apt-get install {LIBRARIES}) "
    "and render again"
)


def to_pdf(page: bytes) -> bytes | None:
    """A paginated PDF of a page, or None where Pango is missing; nothing is fetched for it.

    Raises:
        OutsideError: the page refers to something outside itself.
    """
    try:
        import weasyprint
        from weasyprint.urls import FatalURLFetchingError, URLFetcher
    except OSError:
        return None
    inside = URLFetcher(allowed_protocols=("data",), fail_on_errors=True)
    try:
        with _unswept():
            made: bytes = weasyprint.HTML(string=page.decode(), url_fetcher=inside).write_pdf()
    except FatalURLFetchingError as error:
        raise OutsideError(f"the report refers to something outside itself: {error}") from None
    return made


@contextmanager
def _unswept() -> Iterator[None]:
    """No search for garbage meanwhile.

    The million objects of a layout live until it is written; looking through them again and again
    takes a sixth of the time.
    """
    swept = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if swept:
            gc.enable()
