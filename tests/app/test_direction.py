"""Pages say which way they are read."""

from __future__ import annotations

import pytest

from app import html


@pytest.mark.parametrize(
    ("tag", "way"), [("en", "ltr"), ("ar", "rtl"), ("he-IL", "rtl"), ("az", "ltr")]
)
def test_the_direction_of_a_language(tag: str, way: str) -> None:
    token = html.language.set(tag)
    try:
        assert html.direction() == way
        said = html.render("offline.html", viewer=None, conference=None, path="/offline")
        assert ('dir="rtl"' in said.partition("<head>")[0]) is (way == "rtl")
    finally:
        html.language.reset(token)
