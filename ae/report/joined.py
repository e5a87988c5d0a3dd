"""PDFs that were made one by one into one file, with its page numbers, links and bookmarks.

The opening is laid out with an empty page, a stand-in, in the place of each page of the parts that
follow it. So it knows every page's number, its own and theirs; here each stand-in gives its number
to the page that it stands for.
"""

import io
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

if TYPE_CHECKING:
    from pypdf import PdfReader, PdfWriter

SCHEME = "joined:"
LINK = re.compile(rb'(<a\b[^>]*? href=")#([^"]+)"')
ID = re.compile(rb'\bid="([^"]+)"')


def opened(page: bytes) -> bytes:
    """The HTML of a part, its links to what it does not hold itself left to `join`."""
    own = set(ID.findall(page))

    def link(found: re.Match[bytes]) -> bytes:
        start, name = found.groups()
        return found[0] if name in own else start + SCHEME.encode() + name + b'"'

    return LINK.sub(link, page)


def length(part: bytes) -> int:
    """How many pages a PDF has."""
    return _read(part).get_num_pages()


def join(opening: bytes, parts: Iterable[bytes]) -> bytes:
    """One PDF of an opening, whose last pages are stand-ins for those of the parts, and the parts.

    A link's end is looked for in all of it; a link to nothing is taken away. The metadata are the
    opening's.
    """
    from pypdf import PdfWriter
    from pypdf.generic import NameObject, NumberObject

    first = _read(opening)
    whole = PdfWriter(clone_from=first)
    whole.pdf_header = first.pdf_header
    root: Any = whole.root_object
    added = [_added(whole, part) for part in parts]
    sheets = [sheet for one in added for sheet in _sheets(one["/Pages"])]
    tree = root["/Pages"]
    own = list(_sheets(tree))
    stand_ins = own[len(own) - len(sheets) :]
    del own[len(own) - len(sheets) :], tree["/Kids"][len(own) :]
    for number, (sheet, stand_in) in enumerate(zip(sheets, stand_ins, strict=True), len(own) + 1):
        _number(whole, sheet, stand_in, number)
    gone = {stand_in.indirect_reference.idnum for stand_in in stand_ins}
    ends = {name: end for name, end in _ends(root) if end[0].idnum not in gone}
    for one in added:
        one["/Pages"][NameObject("/Parent")] = tree.indirect_reference
        tree["/Kids"].append(one.raw_get("/Pages"))
        _append_bookmarks(root, one)
        for name, end in _ends(one):
            ends.setdefault(name, end)
        one.clear()
    tree[NameObject("/Count")] = NumberObject(len(own) + len(sheets))
    for sheet in (*own, *sheets):
        _link(sheet, ends)
    _name(root, ends)
    out = io.BytesIO()
    whole.write(out)
    return out.getvalue()


def _read(pdf: bytes) -> "PdfReader":
    from pypdf import PdfReader

    return PdfReader(io.BytesIO(pdf))


def _added(whole: "PdfWriter", part: bytes) -> Any:
    """The root of a part, all of whose objects are in the whole now."""
    read = _read(part)
    root = read.root_object.clone(whole)
    whole.reset_translation(read)  # else it would keep the part
    return root


def _sheets(tree: Any) -> Iterator[Any]:
    """The pages of a tree of pages."""
    for kid in tree["/Kids"]:
        kid = kid.get_object()
        if "/Kids" in kid:
            yield from _sheets(kid)
        else:
            yield kid


def _ends(root: Any) -> Iterator[tuple[str, Any]]:
    """The ends of links by their names."""
    found = root.get("/Names", {}).get("/Dests", {}).get("/Names", [])
    yield from zip(found[::2], found[1::2], strict=True)


def _name(root: Any, ends: dict[str, Any]) -> None:
    """Make these the ends of links."""
    from pypdf.generic import ArrayObject, DictionaryObject, NameObject, TextStringObject

    found = ArrayObject()
    for name in sorted(ends):
        found += [TextStringObject(name), ends[name]]
    dests = DictionaryObject({NameObject("/Names"): found})
    root[NameObject("/Names")] = DictionaryObject({NameObject("/Dests"): dests})


def _number(whole: "PdfWriter", sheet: Any, stand_in: Any, number: int) -> None:
    """Draw what stands on an empty page on another, below what is there."""
    from pypdf.generic import (
        ArrayObject,
        DecodedStreamObject,
        DictionaryObject,
        NameObject,
    )

    drawn = stand_in["/Contents"]
    drawn[NameObject("/Type")] = NameObject("/XObject")
    drawn[NameObject("/Subtype")] = NameObject("/Form")
    drawn[NameObject("/BBox")] = stand_in["/MediaBox"]
    drawn[NameObject("/Resources")] = stand_in.raw_get("/Resources")
    name = NameObject(f"/Sheet{number}")
    known = sheet["/Resources"].setdefault(NameObject("/XObject"), DictionaryObject())
    known.get_object()[name] = drawn.indirect_reference
    draw = DecodedStreamObject()
    draw.set_data(f"{name} Do".encode())
    sheet[NameObject("/Contents")] = ArrayObject(
        [whole._add_object(draw), sheet.raw_get("/Contents")]
    )


def _append_bookmarks(root: Any, added: Any) -> None:
    """Put a part's bookmarks behind those that are there."""
    from pypdf.generic import NameObject, NumberObject

    if "/Outlines" not in added:
        return
    if "/Outlines" not in root:
        root[NameObject("/Outlines")] = added.raw_get("/Outlines")
        return
    there, new = root["/Outlines"], added["/Outlines"]
    last, one = there.raw_get("/Last"), new["/First"]
    last.get_object()[NameObject("/Next")] = new.raw_get("/First")
    one[NameObject("/Prev")] = last
    while one is not None:
        one[NameObject("/Parent")] = root.raw_get("/Outlines")
        one = one.get("/Next")
    there[NameObject("/Last")] = new.raw_get("/Last")
    there[NameObject("/Count")] = NumberObject(there["/Count"] + new["/Count"])


def _link(sheet: Any, ends: dict[str, Any]) -> None:
    """Lead a page's links to their ends, wherever those are; the others go."""
    from pypdf.generic import ArrayObject, NameObject, TextStringObject

    if "/Annots" not in sheet:
        return
    kept = ArrayObject()
    for link in sheet["/Annots"]:
        there = link.get_object()
        address = there.get("/A", {}).get("/URI", "")
        if address.startswith(SCHEME):
            name = unquote(address.removeprefix(SCHEME))
            if name not in ends:
                continue
            del there["/A"]
            there[NameObject("/Dest")] = TextStringObject(name)
        kept.append(link)
    sheet[NameObject("/Annots")] = kept
