"""Sets HTML as an accessible PDF: runs in a press."""

from __future__ import annotations

from pathlib import Path
from xml.etree.ElementTree import Element

from weasyprint import CSS, HTML
from weasyprint.text.fonts import FontConfiguration

_ROOT = Path(__file__).resolve().parent.parent.parent


_SVG = "{http://www.w3.org/2000/svg}"


def _describe(root: Element) -> None:
    """Give each drawing its label as a title: what the tagged PDF says in its place."""
    for drawing in root.iter(f"{_SVG}svg"):
        label = drawing.get("aria-label")
        if label and drawing.find(f"{_SVG}title") is None:
            title = Element(f"{_SVG}title")
            title.text = label
            drawing.insert(0, title)


def render(*, text: str, out: str, sheet: str = "reports/paper.css") -> int:
    """Write a tagged PDF (PDF/UA-1) by a style sheet below templates/; returns its pages."""
    fonts = FontConfiguration()
    css = CSS(filename=_ROOT / "templates" / sheet, font_config=fonts)
    page = HTML(string=text, base_url=str(_ROOT / "static"))
    _describe(page.etree_element)
    document = page.render(stylesheets=[css], font_config=fonts)
    document.write_pdf(out, pdf_variant="pdf/ua-1")
    return len(document.pages)
