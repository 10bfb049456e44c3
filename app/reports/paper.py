"""Sets HTML as an accessible PDF: runs in a press."""

from __future__ import annotations

from pathlib import Path

from weasyprint import CSS, HTML
from weasyprint.text.fonts import FontConfiguration

_ROOT = Path(__file__).resolve().parent.parent.parent


def render(*, text: str, out: str, sheet: str = "reports/paper.css") -> int:
    """Write a tagged PDF (PDF/UA-1) by a style sheet below templates/; returns its pages."""
    fonts = FontConfiguration()
    css = CSS(filename=_ROOT / "templates" / sheet, font_config=fonts)
    document = HTML(string=text, base_url=str(_ROOT / "static")).render(
        stylesheets=[css], font_config=fonts
    )
    document.write_pdf(out, pdf_variant="pdf/ua-1")
    return len(document.pages)
