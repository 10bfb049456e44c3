"""Binds tagged PDFs into one that is tagged, or packs files: runs in a press of its own.

Appending pages alone would lose what readers for the blind go by. The structure trees of the parts
become one: their documents' children under one Document, their parent trees one after the other,
and every page's number in it moved up by as many as were there before. QPDF (pikepdf) does it in a
tenth of the time and memory of a binder in Python.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pikepdf import Array, Dictionary, Name, Object, ObjectStreamMode, Pdf


class _Tree:
    """The structure tree that grows with every part."""

    def __init__(self, pdf: Pdf) -> None:
        self._pdf = pdf
        self._numbers = Array([])
        self._next = 0
        self.root: Any = pdf.make_indirect(Dictionary(Type=Name.StructTreeRoot))
        self.document: Any = pdf.make_indirect(
            Dictionary(Type=Name.StructElem, S=Name.Document, P=self.root, K=Array([]))
        )

    def add(self, part: Pdf, first_page: int) -> None:
        """Take over the tree of a part whose pages stand in the PDF from `first_page` on."""
        if Name.StructTreeRoot not in part.Root:
            return
        # The pages were copied before: references to them lead to the new ones.
        own: Any = self._pdf.copy_foreign(part.Root.StructTreeRoot)
        for top in _listed(own.K):
            for kid in _listed(top.K):
                kid.P = self.document
                self.document.K.append(kid)
        numbers = own.ParentTree.Nums
        highest = -1
        for at in range(0, len(numbers), 2):
            highest = max(highest, int(numbers[at]))
            self._numbers.append(int(numbers[at]) + self._next)
            self._numbers.append(numbers[at + 1])
        for number in range(first_page, len(self._pdf.pages)):
            page: Any = self._pdf.pages[number].obj
            self._move_up(page, Name.StructParents)
            for note in page.get(Name.Annots, ()):
                self._move_up(note, Name.StructParent)
        self._next += highest + 1

    def _move_up(self, held: Any, name: Object) -> None:
        if name in held:
            held[name] = int(held[name]) + self._next

    def finish(self) -> None:
        self.root.K = Array([self.document])
        self.root.ParentTree = self._pdf.make_indirect(Dictionary(Nums=self._numbers))
        self.root.ParentTreeNextKey = self._next


def _listed(kids: Any) -> Iterable[Any]:
    return list(kids) if isinstance(kids, Array) else [kids]


def join(*, parts: Sequence[str], out: str, title: str, language: str = "en") -> int:
    """Bind the PDFs into one, in order, and delete them; returns how many pages it has."""
    pdf = Pdf.new()
    tree = _Tree(pdf)
    for part in parts:
        held = Pdf.open(part)
        first_page = len(pdf.pages)
        pdf.pages.extend(held.pages)
        tree.add(held, first_page)
    tree.finish()
    root: Any = pdf.Root
    root.StructTreeRoot = tree.root
    root.MarkInfo = Dictionary(Marked=True)
    root.Lang = language
    root.ViewerPreferences = Dictionary(DisplayDocTitle=True)
    with pdf.open_metadata(set_pikepdf_as_editor=False) as metadata:
        metadata["dc:title"] = title
        metadata["pdfuaid:part"] = "1"
        metadata["xmp:CreatorTool"] = "Plenary"
    count = len(pdf.pages)
    pdf.save(out, object_stream_mode=ObjectStreamMode.generate)
    pdf.close()
    for part in parts:
        Path(part).unlink()
    return count


def pack(*, files: Sequence[Sequence[str]], out: str) -> int:
    """Put files into a ZIP, each (path, name in it), and delete them; returns how many."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for path, name in files:
            packed.write(path, name)
    for path, _name in files:
        Path(path).unlink()
    return len(files)
