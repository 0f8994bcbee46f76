"""The table of media types."""

import re

import pytest

from corserver.apps.files.mime import _TYPES, MEDIA_TYPES, UNKNOWN, media_type


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("index.html", "text/html; charset=utf-8"),
        ("app.js", "text/javascript; charset=utf-8"),
        ("app.mjs", "text/javascript; charset=utf-8"),
        ("app.js.map", "application/json"),
        ("style.css", "text/css; charset=utf-8"),
        ("main.ts", "text/typescript; charset=utf-8"),
        ("module.wasm", "application/wasm"),
        ("data.json", "application/json"),
        ("rows.jsonl", "application/jsonl"),
        ("lines.ndjson", "application/x-ndjson"),
        ("places.geojson", "application/geo+json"),
        ("tiles.pmtiles", "application/vnd.pmtiles"),
        ("table.parquet", "application/vnd.apache.parquet"),
        ("app.webmanifest", "application/manifest+json"),
        ("font.woff2", "font/woff2"),
        ("photo.avif", "image/avif"),
        ("photo.webp", "image/webp"),
        ("photo.JPG", "image/jpeg"),
        ("drawing.svg", "image/svg+xml"),
        ("README.md", "text/markdown; charset=utf-8"),
        ("table.csv", "text/csv; charset=utf-8"),
        ("config.yaml", "application/yaml"),
        ("pyproject.toml", "application/toml"),
        ("film.mp4", "video/mp4"),
        ("scene.glb", "model/gltf-binary"),
        ("archive.tar.gz", "application/gzip"),
        ("main.rs", "text/plain; charset=utf-8"),
        ("LICENSE", UNKNOWN),
        ("html", UNKNOWN),
        (".html", UNKNOWN),
        ("a.", UNKNOWN),
        ("a.unheard-of", UNKNOWN),
        ("a.html ", UNKNOWN),
        ("caf\udce9.txt", "text/plain; charset=utf-8"),
    ],
)
def test_type_of_a_name(name: str, expected: str) -> None:
    assert media_type(name) == expected


def test_the_table_is_large_enough_and_well_formed() -> None:
    assert len(MEDIA_TYPES) >= 120
    assert UNKNOWN == "application/octet-stream"
    for extension, value in MEDIA_TYPES.items():
        assert re.fullmatch(r"[a-z0-9]+", extension)
        assert re.fullmatch(r"(application|audio|font|image|model|text|video)/[a-z0-9.+-]+(; charset=utf-8)?", value)
        assert value.startswith("text/") == value.endswith("; charset=utf-8")


def test_the_table_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        MEDIA_TYPES["js"] = "text/plain"  # type: ignore[index]


def test_no_extension_has_two_types() -> None:
    extensions = [extension for line in _TYPES.values() for extension in line.split()]

    assert len(extensions) == len(set(extensions)) == len(MEDIA_TYPES)
