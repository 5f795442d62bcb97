"""PDF and PNG of a committed SVG: byte-stable, carrying title, author, licence and source."""

from __future__ import annotations

import hashlib
import io
import os
import re
from pathlib import Path

from isru_drawings.clips import without_idle_clips

DPI = 300
_SIZE = re.compile(r'(<svg\b[^>]*?)width="([\d.]+)pt" height="([\d.]+)pt"')
_FORMAT = "3"  # part of the cache's keys: raise it when the conversion changes


def export(svg: Path, about: dict, folder: Path, cache: Path) -> list[Path]:
    """Write ``ID.svg``, ``ID.pdf``, ``ID.png`` and ``ID.csv`` to ``folder``.

    An SVG that was converted before, with the same metadata, is taken from ``cache``.

    Parameters
    ----------
    svg : Path
        The committed figure; its data lie beside it as CSV.
    about : dict
        ``title``, ``author``, ``licence`` and ``source``, all text.
    folder, cache : Path
        Folders; made if needed.

    Returns
    -------
    list of Path
        The files written.
    """
    files = {".svg": svg.read_bytes()}
    files |= {made.suffix: made.read_bytes() for made in convert(svg, about, cache)}
    data = svg.with_suffix(".csv")
    if data.is_file():
        files[".csv"] = data.read_bytes()
    folder.mkdir(parents=True, exist_ok=True)
    return [_write(folder / f"{svg.stem}{suffix}", content) for suffix, content in files.items()]


def convert(svg: Path, about: dict, cache: Path) -> list[Path]:
    """Return the PDF and the PNG of an SVG in ``cache``, made now unless they are there."""
    makers = {".pdf": pdf, ".png": png}
    made = cached(svg, about, cache)
    for path in made:
        if not path.is_file():
            content = makers[path.suffix](svg.read_text(encoding="utf-8"), about)
            path.parent.mkdir(parents=True, exist_ok=True)
            unfinished = path.with_suffix(f".{os.getpid()}")
            unfinished.write_bytes(content)
            unfinished.replace(path)
    return made


def cached(svg: Path, about: dict, cache: Path) -> list[Path]:
    """Return where ``cache`` keeps the PDF and the PNG of an SVG with this metadata."""
    content = svg.read_bytes() + repr((_FORMAT, sorted(about.items()))).encode()
    key = hashlib.sha256(content).hexdigest()[:24]
    return [cache / f"{key}{suffix}" for suffix in (".pdf", ".png")]


def png(svg: str, about: dict) -> bytes:
    """Return an SVG as PNG with 300 dots per inch, the metadata as text chunks."""
    import vl_convert
    from PIL import Image, PngImagePlugin

    raw = vl_convert.svg_to_png(without_idle_clips(_in_points(svg)), scale=DPI / 72)
    chunks = PngImagePlugin.PngInfo()
    for name, key in (
        ("Title", "title"),
        ("Author", "author"),
        ("Copyright", "licence"),
        ("Source", "source"),
    ):
        chunks.add_itxt(name, about[key])
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(raw)) as picture:
        picture.convert("RGB").save(buffer, "PNG", pnginfo=chunks, dpi=(DPI, DPI), compress_level=6)
    return buffer.getvalue()


def pdf(svg: str, about: dict) -> bytes:
    """Return an SVG as a one-page PDF in the SVG's own size, without any date.

    The converter lists resources in random order; they are sorted here.
    """
    import vl_convert
    from pypdf import PdfReader, PdfWriter

    page = PdfReader(io.BytesIO(vl_convert.svg_to_pdf(_in_points(svg)))).pages[0]
    _sort_resources(page)
    writer = PdfWriter()
    page = writer.add_page(page)
    page.compress_content_streams()
    writer.add_metadata(
        {
            "/Title": about["title"],
            "/Author": about["author"],
            "/Subject": about["source"],
            "/Keywords": about["licence"],
            "/Producer": "vl-convert, pypdf",
        }
    )
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def _in_points(svg: str) -> str:
    """Return an SVG whose unit is the point, as the converter draws a pixel as one of these."""
    return _SIZE.sub(r'\1width="\2" height="\3"', svg, count=1)


def _sort_resources(holder) -> None:
    """Sort the named resources of a page, and of the drawings nested in it, in place."""
    resources = holder.get("/Resources")
    if resources is None:
        return
    resources = resources.get_object()
    for kind in list(resources):
        named = resources[kind].get_object()
        if not isinstance(named, dict):
            continue
        entries = sorted(named.items())
        named.clear()
        for name, entry in entries:
            named[name] = entry
            if kind == "/XObject":
                _sort_resources(entry.get_object())


def _write(path: Path, content: bytes) -> Path:
    """Write a file unless it already has this content, so that its time says when it changed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.is_file() or path.read_bytes() != content:
        path.write_bytes(content)
    return path
