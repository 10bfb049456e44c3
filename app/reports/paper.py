"""Sets the report's HTML as an accessible PDF: runs in a press."""

from __future__ import annotations

from pathlib import Path

from weasyprint import CSS, HTML
from weasyprint.text.fonts import FontConfiguration

_ROOT = Path(__file__).resolve().parent.parent.parent


def render(*, text: str, out: str) -> int:
    """Write a tagged PDF (PDF/UA-1); returns how many pages it has."""
    fonts = FontConfiguration()
    css = CSS(filename=_ROOT / "templates" / "reports" / "paper.css", font_config=fonts)
    document = HTML(string=text, base_url=str(_ROOT / "static")).render(
        stylesheets=[css], font_config=fonts
    )
    document.write_pdf(out, pdf_variant="pdf/ua-1")
    return len(document.pages)
