"""What we ship beside the code: nothing unlisted, nothing changed, and contrast that holds."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator

import pytest
from litestar import Litestar, get
from litestar.testing import TestClient

from app import static
from bench import contrast

VENDORED = ("fonts", "vendor")
NOT_PAGES = {"message.html", "paper.html", "certificate_paper.html", "sheet.html"}
"""Mail and print carry their style with them; no browser gets them under our policy."""


def listed() -> dict[str, str]:
    manifest = json.loads((static.ROOT / "vendor/manifest.json").read_text("utf-8"))
    return {name: sha for package in manifest["packages"] for name, sha in package["files"].items()}


def test_every_vendored_file_is_listed_with_its_hash() -> None:
    found = {
        name: hashlib.sha256(path.read_bytes()).hexdigest()
        for name, path in static.files().items()
        if name.split("/")[0] in VENDORED and name != "vendor/manifest.json"
    }
    assert found == listed()


def test_every_vendored_package_names_version_source_and_licence() -> None:
    manifest = json.loads((static.ROOT / "vendor/manifest.json").read_text("utf-8"))
    for package in manifest["packages"]:
        assert package["name"]
        assert package["version"]
        assert package["source"]
        assert package["licence"] in {"0BSD", "OFL-1.1", "MIT", "Apache-2.0"}
        assert package["licence_file"] in package["files"]


def own_files(suffix: str) -> Iterator[tuple[str, str]]:
    for name, path in static.files().items():
        if name.endswith(suffix) and not name.startswith("vendor/"):
            yield name, path.read_text("utf-8")


def test_style_sheets_take_their_colours_from_the_tokens() -> None:
    """Outside of tokens.css a colour may only be written where a picture lies under it."""
    allowed = {"css/stage.css", "css/greenroom.css", "css/print.css"}
    for name, text in own_files(".css"):
        if name == "css/tokens.css" or name in allowed:
            continue
        without_pictures = re.sub(r"url\([^)]*\)", "", text)
        assert re.findall(r"#[0-9a-fA-F]{3,8}\b(?![^{]*\{)", without_pictures) == [], name


def test_nothing_is_important() -> None:
    assert [name for name, text in own_files(".css") if "!important" in text] == []


def test_scripts_import_only_what_is_here() -> None:
    for name, text in own_files(".js"):
        for address in re.findall(r'^import .*?"(.+?)";', text, re.M):
            assert address.startswith(("./", "../vendor/")), name
            assert (static.ROOT / name).parent.joinpath(address).is_file(), f"{name}: {address}"


def test_templates_hold_no_inline_script_style_or_handler() -> None:
    templates = static.ROOT.parent / "templates"
    inline = re.compile(r"<style|<script(?![^>]*\bsrc=)|\sstyle=|\son[a-z]+=|javascript:")
    held = [
        path.relative_to(templates).as_posix()
        for path in sorted(templates.rglob("*.html"))
        if path.name not in NOT_PAGES and inline.search(path.read_text("utf-8"))
    ]
    assert held == []


def test_icons_that_templates_name_exist() -> None:
    sprite = (static.ROOT / "icons.svg").read_text("utf-8")
    drawn = set(re.findall(r'<symbol id="([^"]+)"', sprite))
    templates = static.ROOT.parent / "templates"
    named: set[str] = set()
    for path in templates.rglob("*.html"):
        text = path.read_text("utf-8")
        named.update(re.findall(r'icon\("([a-z-]+)"', text))
        named.update(re.findall(r'icon_name="([a-z-]+)"', text))
    assert named <= drawn


@pytest.mark.parametrize("pair", contrast.pairs(), ids=str)
def test_contrast(pair: contrast.Pair) -> None:
    assert pair.ratio >= pair.least


def test_a_file_is_kept_for_ever_only_under_the_hash_of_the_present_tree() -> None:
    with TestClient(Litestar([static.static_file], before_send=[static.secure])) as client:
        now = client.get(static.static_url("css/tokens.css"))
        old = client.get("/static/0000000000/css/tokens.css")
        outside = client.get("/static/0000000000/../app/main.py")
        missing = client.get(static.static_url("css/none.css"))
    assert (now.status_code, now.headers["cache-control"]) == (
        200,
        "public, max-age=31536000, immutable",
    )
    assert (old.status_code, old.headers["cache-control"]) == (200, "no-cache")
    assert now.content == (static.ROOT / "css/tokens.css").read_bytes()
    assert outside.status_code == 404
    assert missing.status_code == 404


def test_every_answer_carries_the_security_headers() -> None:
    @get("/fine")
    async def fine() -> str:
        return "fine"

    with TestClient(Litestar([fine], before_send=[static.secure])) as client:
        answers = [client.get("/fine"), client.get("/missing")]
    for answer in answers:
        for name, words in static.SECURITY_HEADERS.items():
            assert answer.headers[name] == words
    assert "unsafe" not in static.POLICY
