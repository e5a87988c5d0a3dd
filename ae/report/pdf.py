"""HTML into a PDF that has the same bytes each time."""

import functools
import gc
import os
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from ae.errors import OutsideError

LIBRARIES = "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
WITHOUT_PANGO = (
    f"no PDF: WeasyPrint does not find Pango; install it (Debian: apt-get install {LIBRARIES}) "
    "and render again"
)

PICTURE = re.compile(rb'src="(data:image/png;base64,[A-Za-z0-9+/=]+)"')


def to_pdf(page: bytes) -> bytes | None:
    """A paginated PDF of a page, or None where Pango is missing; nothing is fetched for it.

    Raises:
        OutsideError: the page refers to something outside itself.
    """
    try:
        with warnings.catch_warnings():  # what the next version will want is for the next version
            warnings.simplefilter("ignore", DeprecationWarning)
            import weasyprint
        from weasyprint.urls import FatalURLFetchingError, URLFetcher
    except OSError:
        return None
    page, pictures = _lightened(page)

    class Inside(URLFetcher):  # type: ignore[misc] # of an untyped library
        """Fetches what the page holds, and nothing else."""

        def fetch(self, url: str, headers: object = None) -> object:
            if url in pictures:
                return super().fetch(pictures[url], headers)
            return super().fetch(url, headers)

    inside = Inside(allowed_protocols=("data",), fail_on_errors=True)
    try:
        with _unswept(), _timeless():
            html = weasyprint.HTML(string=page.decode(), url_fetcher=inside)
            made: bytes = html.write_pdf(font_config=_fonts())
    except FatalURLFetchingError as error:
        raise OutsideError(f"the report refers to something outside itself: {error}") from None
    return made


@functools.cache
def _fonts() -> object:
    """The system's fonts, for all PDFs: each set of them keeps a megabyte for ever."""
    from weasyprint.text.fonts import FontConfiguration

    return FontConfiguration()


def _lightened(page: bytes) -> tuple[bytes, dict[str, str]]:
    """The page with a short address in the place of each picture, and what those stand for.

    Its parser goes through a picture letter by letter, which takes a tenth of the time.
    """
    pictures: dict[str, str] = {}

    def short(found: re.Match[bytes]) -> bytes:
        name = f"data:,picture-{len(pictures)}"
        pictures[name] = found[1].decode()
        return f'src="{name}"'.encode()

    return PICTURE.sub(short, page), pictures


@contextmanager
def _timeless() -> Iterator[None]:
    """No date in embedded fonts: fontTools, which cuts them where HarfBuzz cannot, writes one."""
    before = os.environ.get("SOURCE_DATE_EPOCH")
    os.environ["SOURCE_DATE_EPOCH"] = "0"
    try:
        yield
    finally:
        del os.environ["SOURCE_DATE_EPOCH"]
        if before is not None:
            os.environ["SOURCE_DATE_EPOCH"] = before


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
