"""What is shown and kept of a URI: never a user, a password, a query, which may hold one, a fragment.

Also inside what other programs say, who put the URI that they were given, or pieces of it, into
their messages.
"""

import re
from urllib.parse import unquote, unquote_plus

HIDDEN = "***"
LEAST = 3  # characters of a secret that is looked for by itself: shorter ones are in every word
URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s'\"<>`]*")
LOGIN = re.compile(r"[^\s/:@'\"<>`=(]+:[^\s@'\"<>`]+@")  # user:password@ without a scheme before
KEYED = re.compile(
    r"([\w.-]*(?:passw(?:or)?d|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|credential|"
    r"signature|\bsig)[\w.-]*\s*=\s*)('[^']*'|\"[^\"]*\"|[^\s&;,'\"]+)",
    re.IGNORECASE,
)
HEADER = re.compile(
    r"(authorization['\"]?\s*[:=]\s*['\"]?\s*(?:basic|bearer)?\s*)[^\s'\"]+", re.IGNORECASE
)
HOST = re.compile(r"(\[[0-9A-Fa-f:.%]*\]|[^:\[\]@\s]*)(:[0-9]*)?")
WEB = ("http", "https", "ftp", "file")  # whose passwords hold no slash


def bare(uri: str) -> str:
    """A URI, or what stands in the place of one, without what is nobody else's business."""
    scheme, between, rest = uri.partition("://")
    if not between:
        path = re.split(r"[?#]", uri, maxsplit=1)[0]
        login = re.match(r"[^/?#]*:[^@]*@", uri)
        return HIDDEN + "@" + re.split(r"[?#]", uri.rpartition("@")[2])[0] if login else path
    head = re.split(r"[?#]", rest, maxsplit=1)[0]
    authority, slash, path = head.partition("/")
    if "@" in rest and not rest.startswith("/"):
        if scheme.lower() in WEB and "@" in authority:
            head = authority.rpartition("@")[2] + slash + path
        elif scheme.lower() not in WEB and "@" in head:
            head = head.rpartition("@")[2]
        elif scheme.lower() not in WEB or not HOST.fullmatch(authority):
            head = HIDDEN  # where the password ends is anybody's guess
    return f"{scheme}://{head}"


def redacted(text: str, *uris: str) -> str:
    """A text in which every URI is bare, and what `uris` keep secret does not occur."""
    for uri in uris:
        text = text.replace(uri, bare(uri))
        for secret in sorted(_secrets(uri), key=len, reverse=True):
            text = text.replace(secret, HIDDEN)
    pieces = re.split(f"({URI.pattern})", text)  # words, a URI, words, ...
    return "".join(bare(p) if i % 2 else _without_keyed(p) for i, p in enumerate(pieces))


def _without_keyed(words: str) -> str:
    words = KEYED.sub(rf"\1{HIDDEN}", words)
    words = HEADER.sub(rf"\1{HIDDEN}", words)
    return LOGIN.sub(f"{HIDDEN}@", words)


def _secrets(uri: str) -> set[str]:
    """What a URI holds that may be secret, as it is there and as it is meant."""
    rest = uri.partition("://")[2] or uri
    found = set(re.findall(r"[?&;][^=&;#]*=([^&;#]+)", uri))
    found |= set(uri.partition("#")[2:])
    if not rest.startswith("/"):
        for end in re.finditer("@", rest):
            user, _, password = rest[: end.start()].partition(":")
            found |= {password or user}
    meant = {unquote(secret) for secret in found} | {unquote_plus(secret) for secret in found}
    return {secret for secret in found | meant if len(secret) >= LEAST}
