"""Binds tagged PDFs into one that is tagged: runs in a press of its own, which loads nothing else.

Appending pages alone would lose what readers for the blind go by. The structure trees of the parts
become one: their documents' children under one Document, their parent trees one after the other,
and every page's number in it moved up by as many as were there before.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    BooleanObject,
    DictionaryObject,
    IndirectObject,
    NameObject,
    NumberObject,
    PdfObject,
    StreamObject,
    TextStringObject,
)

_XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/" pdfuaid:part="1"/>
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title><rdf:Alt>
<rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title></rdf:Description>
</rdf:RDF></x:xmpmeta>
<?xpacket end="r"?>"""


class _Tree:
    """The structure tree that grows with every part."""

    def __init__(self, writer: PdfWriter) -> None:
        self._writer = writer
        self._kids = ArrayObject()
        self._numbers = ArrayObject()
        self._next = 0
        self.root = writer._add_object(
            DictionaryObject({NameObject("/Type"): NameObject("/StructTreeRoot")})
        )
        self.document = writer._add_object(
            DictionaryObject(
                {
                    NameObject("/Type"): NameObject("/StructElem"),
                    NameObject("/S"): NameObject("/Document"),
                    NameObject("/P"): self.root,
                    NameObject("/K"): self._kids,
                }
            )
        )

    def add(self, reader: PdfReader, first_page: int) -> None:
        """Take over the tree of a part whose pages stand in the writer from `first_page` on."""
        own = reader.trailer["/Root"].get("/StructTreeRoot")
        if own is None:
            return
        # The pages were cloned before: references to them lead to the new ones.
        own = own.get_object().clone(self._writer)
        for top in _listed(own["/K"]):
            for kid in _listed(top.get_object()["/K"]):
                held = kid.get_object()
                held[NameObject("/P")] = self.document
                self._kids.append(kid if isinstance(kid, IndirectObject) else held)
        numbers = own["/ParentTree"].get_object()["/Nums"].get_object()
        highest = -1
        for at in range(0, len(numbers), 2):
            highest = max(highest, int(numbers[at]))
            self._numbers.append(NumberObject(int(numbers[at]) + self._next))
            self._numbers.append(numbers[at + 1])
        for page in self._writer.pages[first_page:]:
            self._renumber(page, "/StructParents")
            for note in page.get("/Annots", ()):
                self._renumber(note.get_object(), "/StructParent")
        self._next += highest + 1

    def _renumber(self, held: DictionaryObject, name: str) -> None:
        if name in held:
            number = held[name].get_object()
            assert isinstance(number, NumberObject)
            held[NameObject(name)] = NumberObject(int(number) + self._next)

    def finish(self) -> None:
        root = self.root.get_object()
        assert isinstance(root, DictionaryObject)
        root[NameObject("/K")] = ArrayObject([self.document])
        root[NameObject("/ParentTree")] = self._writer._add_object(
            DictionaryObject({NameObject("/Nums"): self._numbers})
        )
        root[NameObject("/ParentTreeNextKey")] = NumberObject(self._next)


def _listed(kids: PdfObject) -> list[PdfObject]:
    held = kids.get_object()
    return list(held) if isinstance(held, ArrayObject) else [kids]


def join(*, parts: Sequence[str], out: str, title: str, language: str = "en") -> int:
    """Bind the PDFs into one, in order, and delete them; returns how many pages it has."""
    writer = PdfWriter()
    tree = _Tree(writer)
    for part in parts:
        reader = PdfReader(part)
        first_page = len(writer.pages)
        writer.append(reader, import_outline=False)
        tree.add(reader, first_page)
    tree.finish()
    _declare(writer, tree, title, language)
    writer.add_metadata({"/Title": title, "/Creator": "Plenary"})
    writer.compress_identical_objects()
    writer.write(out)
    for part in parts:
        Path(part).unlink()
    return len(writer.pages)


def _declare(writer: PdfWriter, tree: _Tree, title: str, language: str) -> None:
    """Say that it is tagged and keeps PDF/UA-1, in which language, and show its title."""
    root = writer._root_object
    root[NameObject("/StructTreeRoot")] = tree.root
    root[NameObject("/MarkInfo")] = DictionaryObject({NameObject("/Marked"): BooleanObject(True)})
    root[NameObject("/Lang")] = TextStringObject(language)
    root[NameObject("/ViewerPreferences")] = DictionaryObject(
        {NameObject("/DisplayDocTitle"): BooleanObject(True)}
    )
    xmp = StreamObject()
    escaped = title.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    xmp.set_data(_XMP.format(title=escaped).encode())
    xmp[NameObject("/Type")] = NameObject("/Metadata")
    xmp[NameObject("/Subtype")] = NameObject("/XML")
    root[NameObject("/Metadata")] = writer._add_object(xmp)
