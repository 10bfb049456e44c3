"""Small faces out of large ones: of a 20 MB font for all ideographs, the few that names need.

WeasyPrint copies every font file that it touches into memory. HarfBuzz maps the file instead and
takes out the wanted glyphs, so a press stays below 100 MB whatever script a name is written in.
"""

from __future__ import annotations

import base64
import re
import subprocess
from functools import lru_cache
from typing import Any

from cffi import FFI
from markupsafe import Markup

_DECLARATIONS = """
    typedef ... hb_blob_t;
    typedef ... hb_face_t;
    typedef ... hb_set_t;
    typedef ... hb_subset_input_t;
    hb_blob_t *hb_blob_create_from_file(const char *);
    const char *hb_blob_get_data(hb_blob_t *, unsigned int *);
    void hb_blob_destroy(hb_blob_t *);
    hb_face_t *hb_face_create(hb_blob_t *, unsigned int);
    hb_blob_t *hb_face_reference_blob(hb_face_t *);
    void hb_face_destroy(hb_face_t *);
    void hb_set_add(hb_set_t *, unsigned int);
    hb_subset_input_t *hb_subset_input_create_or_fail(void);
    hb_set_t *hb_subset_input_unicode_set(hb_subset_input_t *);
    void hb_subset_input_destroy(hb_subset_input_t *);
    hb_face_t *hb_subset_or_fail(hb_face_t *, hb_subset_input_t *);
    typedef ... hb_font_t;
    typedef ... hb_buffer_t;
    typedef struct { uint32_t codepoint; uint32_t mask; uint32_t cluster; uint32_t a; uint32_t b; }
        hb_glyph_info_t;
    hb_font_t *hb_font_create(hb_face_t *);
    hb_buffer_t *hb_buffer_create(void);
    void hb_buffer_add_utf8(hb_buffer_t *, const char *, int, unsigned int, int);
    void hb_buffer_guess_segment_properties(hb_buffer_t *);
    void hb_shape(hb_font_t *, hb_buffer_t *, void *, unsigned int);
    hb_glyph_info_t *hb_buffer_get_glyph_infos(hb_buffer_t *, unsigned int *);
    void hb_buffer_destroy(hb_buffer_t *);
    hb_blob_t *hb_ot_color_glyph_reference_png(hb_font_t *, uint32_t);
"""
_EMOJI = "Noto Color Emoji"
_BASE = "[\u231a\u231b\u23e9-\u23f3\u2600-\u27bf\u2b05-\u2b55\U0001f004-\U0001faff]"
_PICTURE = re.compile(
    f"[\U0001f1e6-\U0001f1ff]{{2}}"
    f"|{_BASE}[\ufe0f\U0001f3fb-\U0001f3ff]*(?:\u200d{_BASE}[\ufe0f\U0001f3fb-\U0001f3ff]*)*"
)


@lru_cache(maxsize=1)
def _libraries() -> tuple[FFI, Any, Any] | None:
    ffi = FFI()
    ffi.cdef(_DECLARATIONS)
    try:
        return ffi, ffi.dlopen("libharfbuzz.so.0"), ffi.dlopen("libharfbuzz-subset.so.0")
    except OSError:
        return None


@lru_cache(maxsize=16)
def find(pattern: str, family: str) -> tuple[str, int] | None:
    """(file, index in it) of an installed face by a fontconfig pattern; None if another came."""
    try:
        words = subprocess.run(
            ["fc-match", "-f", "%{family[0]}\n%{file}\n%{index}", pattern],
            check=True,
            capture_output=True,
            text=True,
            timeout=10,
        ).stdout.split("\n")
    except (OSError, subprocess.SubprocessError):
        return None
    return (words[1], int(words[2])) if len(words) == 3 and words[0] == family else None


def subset(path: str, index: int, letters: str) -> bytes | None:
    """The face with the glyphs of these letters only; None where HarfBuzz can't do it."""
    libraries = _libraries()
    if libraries is None:
        return None
    ffi, harfbuzz, subsetter = libraries
    blob = harfbuzz.hb_blob_create_from_file(path.encode())
    face = harfbuzz.hb_face_create(blob, index)
    wanted = subsetter.hb_subset_input_create_or_fail()
    small = ffi.NULL
    try:
        chosen = subsetter.hb_subset_input_unicode_set(wanted)
        for letter in letters:
            harfbuzz.hb_set_add(chosen, ord(letter))
        small = subsetter.hb_subset_or_fail(face, wanted)
        return _content(ffi, harfbuzz, small) if small != ffi.NULL else None
    finally:
        if small != ffi.NULL:
            harfbuzz.hb_face_destroy(small)
        subsetter.hb_subset_input_destroy(wanted)
        harfbuzz.hb_face_destroy(face)
        harfbuzz.hb_blob_destroy(blob)


def _content(ffi: FFI, harfbuzz: Any, face: Any) -> bytes:
    return _taken(ffi, harfbuzz, harfbuzz.hb_face_reference_blob(face))


def _taken(ffi: FFI, harfbuzz: Any, blob: Any) -> bytes:
    """A blob's bytes; the blob is given back."""
    length = ffi.new("unsigned int *")
    start = harfbuzz.hb_blob_get_data(blob, length)
    content = bytes(ffi.buffer(start, length[0]))
    harfbuzz.hb_blob_destroy(blob)
    return content


def with_pictures(text: Markup) -> Markup:
    """The text with its emoji as small images; those that can't be drawn so stay letters."""
    return Markup(_PICTURE.sub(_image, text))


def _image(found: re.Match[str]) -> str:
    content = picture(found.group())
    if not content:
        return found.group()
    address = f"data:image/png;base64,{base64.b64encode(content).decode()}"
    return f'<img class="emoji" alt="{found.group()}" src="{address}">'


@lru_cache(maxsize=1)
def _emoji_font() -> Any:
    """The emoji font, mapped for the life of the process; None where there is none."""
    libraries, found = _libraries(), find(_EMOJI, _EMOJI)
    if libraries is None or found is None:
        return None
    harfbuzz = libraries[1]
    blob = harfbuzz.hb_blob_create_from_file(found[0].encode())
    return harfbuzz.hb_font_create(harfbuzz.hb_face_create(blob, found[1]))


@lru_cache(maxsize=512)
def picture(emoji: str) -> bytes | None:
    """The PNG of one emoji, sequences too; None where the font has no single picture for it."""
    font, libraries = _emoji_font(), _libraries()
    if font is None or libraries is None:
        return None
    ffi, harfbuzz, _subsetter = libraries
    buffer = harfbuzz.hb_buffer_create()
    try:
        letters = emoji.encode()
        harfbuzz.hb_buffer_add_utf8(buffer, letters, len(letters), 0, len(letters))
        harfbuzz.hb_buffer_guess_segment_properties(buffer)
        harfbuzz.hb_shape(font, buffer, ffi.NULL, 0)
        count = ffi.new("unsigned int *")
        glyphs = harfbuzz.hb_buffer_get_glyph_infos(buffer, count)
        if count[0] != 1 or glyphs[0].codepoint == 0:
            return None
        png = harfbuzz.hb_ot_color_glyph_reference_png(font, glyphs[0].codepoint)
        return _taken(ffi, harfbuzz, png) or None
    finally:
        harfbuzz.hb_buffer_destroy(buffer)


_LARGE = (
    ("zh", "Noto Sans CJK SC"),
    ("ja", "Noto Sans CJK JP"),
    ("ko", "Noto Sans CJK KR"),
)
_WEIGHTS = ((400, "regular"), (600, "bold"))


def large(letters: str) -> str:
    """Those of the letters that only a very large font has (ideographs, kana, hangul), sorted."""
    return "".join(sorted({c for c in letters if 0x2E80 <= ord(c) <= 0xFFEF or ord(c) >= 0x20000}))


def style(letters: str) -> str:
    """CSS with faces “Badge zh”, “Badge ja” and “Badge ko” for these letters.

    Empty where there are none; the sheet then names the installed fonts as a fall-back.
    """
    return "".join(
        _rule(f"Badge {tag}", weight, f"{family}:{word}", family, letters)
        for tag, family in _LARGE
        for weight, word in _WEIGHTS
        if letters
    )


def _rule(name: str, weight: int, pattern: str, family: str, letters: str) -> str:
    found = find(pattern, family)
    content = subset(*found, letters) if found else None
    if content is None:
        return ""
    address = f"data:font/otf;base64,{base64.b64encode(content).decode()}"
    return (
        f'@font-face {{ font-family: "{name}"; font-weight: {weight}; src: url("{address}"); }}\n'
    )
