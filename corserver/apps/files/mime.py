"""Media types by file name: a table of our own, so that a file has the same type on every machine.

The tables of systems differ: one has no `.woff2`, another calls `.js` plain text, so that modules do not load, or `.ts`
a translation. Types are the registered ones where there is one. A text type names its encoding, UTF-8; JSON has no such
parameter (RFC 8259 §11), and XML says it in the file.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

#: For whatever is not in the table: a browser saves it and, told not to sniff, does nothing else with it.
UNKNOWN: Final = "application/octet-stream"

_TYPES: Final = {
    # the page
    "text/html": "html htm",
    "application/xhtml+xml": "xhtml xht",
    "text/css": "css",
    "text/javascript": "js mjs cjs",
    "application/wasm": "wasm",
    "application/manifest+json": "webmanifest",
    "application/importmap+json": "importmap",
    "text/cache-manifest": "appcache",
    "text/x-component": "htc",
    # sources that a page or a tool reads
    "text/typescript": "ts mts cts",
    "text/tsx": "tsx",
    "text/jsx": "jsx",
    "text/x-scss": "scss",
    "text/x-sass": "sass",
    "text/x-less": "less",
    "text/x-vue": "vue",
    "text/x-svelte": "svelte",
    "text/x-python": "py pyi",
    "text/x-glsl": "glsl vert frag",
    "text/wgsl": "wgsl",
    # data
    "application/json": "json map topojson",
    "application/json5": "json5",
    "application/jsonl": "jsonl",
    "application/x-ndjson": "ndjson",
    "application/ld+json": "jsonld",
    "application/schema+json": "schema",
    "application/x-ipynb+json": "ipynb",
    "application/xml": "xml xsl xsd",
    "application/xslt+xml": "xslt",
    "application/rss+xml": "rss",
    "application/atom+xml": "atom",
    "application/yaml": "yaml yml",
    "application/toml": "toml",
    "text/csv": "csv",
    "text/tab-separated-values": "tsv",
    "text/turtle": "ttl",
    "application/n-triples": "nt",
    "application/sql": "sql",
    "application/vnd.sqlite3": "sqlite sqlite3 db mbtiles",
    "application/vnd.apache.parquet": "parquet",
    "application/vnd.apache.arrow.file": "arrow feather",
    "application/vnd.apache.arrow.stream": "arrows",
    "application/x-hdf5": "h5 hdf5",
    "application/x-netcdf": "nc",
    "application/protobuf": "pbf pb",
    "application/cbor": "cbor",
    "application/vnd.msgpack": "msgpack",
    # maps
    "application/geo+json": "geojson",
    "application/geo+json-seq": "geojsonl geojsons",
    "application/vnd.pmtiles": "pmtiles",
    "application/vnd.mapbox-vector-tile": "mvt",
    "application/flatgeobuf": "fgb",
    "application/geopackage+sqlite3": "gpkg",
    "application/gpx+xml": "gpx",
    "application/vnd.google-earth.kml+xml": "kml",
    "application/vnd.google-earth.kmz": "kmz",
    # words
    # Programs are among them: a browser shows what is text, and saves what it does not know.
    "text/plain": "txt text log ini cfg conf diff patch bat c cc cpp cs go h hpp java kt lua pl ps1 rb rs sh swift",
    "text/markdown": "md markdown",
    "text/x-rst": "rst",
    "text/calendar": "ics",
    "text/vcard": "vcf",
    "text/vtt": "vtt",
    "application/x-subrip": "srt",
    "application/pdf": "pdf",
    "application/rtf": "rtf",
    "application/epub+zip": "epub",
    "application/msword": "doc",
    "application/vnd.ms-excel": "xls",
    "application/vnd.ms-powerpoint": "ppt",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
    "application/vnd.oasis.opendocument.text": "odt",
    "application/vnd.oasis.opendocument.spreadsheet": "ods",
    "application/vnd.oasis.opendocument.presentation": "odp",
    # pictures
    "image/png": "png",
    "image/apng": "apng",
    "image/jpeg": "jpg jpeg jfif",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/avif": "avif",
    "image/jxl": "jxl",
    "image/heic": "heic",
    "image/heif": "heif",
    "image/svg+xml": "svg",
    "image/bmp": "bmp",
    "image/tiff": "tif tiff",
    "image/ktx2": "ktx2",
    "image/vnd.radiance": "hdr",
    "image/aces": "exr",
    "image/vnd.microsoft.icon": "ico cur",
    # fonts
    "font/woff": "woff",
    "font/woff2": "woff2",
    "font/ttf": "ttf",
    "font/otf": "otf",
    "font/collection": "ttc",
    "application/vnd.ms-fontobject": "eot",
    # sound and film
    "audio/mpeg": "mp3",
    "audio/mp4": "m4a",
    "audio/aac": "aac",
    "audio/flac": "flac",
    "audio/ogg": "ogg oga opus",
    "audio/wav": "wav",
    "audio/webm": "weba",
    "audio/midi": "mid midi",
    "video/mp4": "mp4 m4v",
    "video/mpeg": "mpg mpeg",
    "video/webm": "webm",
    "video/ogg": "ogv",
    "video/quicktime": "mov",
    "video/matroska": "mkv",
    "video/x-msvideo": "avi",
    "video/mp2t": "m2ts",
    "video/iso.segment": "m4s",
    "application/vnd.apple.mpegurl": "m3u8",
    "application/dash+xml": "mpd",
    # shapes
    "model/gltf+json": "gltf",
    "model/gltf-binary": "glb",
    "model/obj": "obj",
    "model/mtl": "mtl",
    "model/stl": "stl",
    "model/3mf": "3mf",
    "model/vnd.usdz+zip": "usdz",
    # packets
    "application/zip": "zip whl",
    "application/gzip": "gz tgz",
    "application/zstd": "zst",
    "application/x-bzip2": "bz2",
    "application/x-xz": "xz",
    "application/x-7z-compressed": "7z",
    "application/x-tar": "tar",
    "application/vnd.rar": "rar",
    "application/java-archive": "jar",
    "application/vnd.android.package-archive": "apk",
}


def _by_extension() -> dict[str, str]:
    table: dict[str, str] = {}
    for media_type, extensions in _TYPES.items():
        value = f"{media_type}; charset=utf-8" if media_type.startswith("text/") else media_type
        table.update(dict.fromkeys(extensions.split(), value))
    return table


#: The value of Content-Type for each extension, which is lower-case and without its dot.
MEDIA_TYPES: Final[Mapping[str, str]] = MappingProxyType(_by_extension())


#: Types whose content is compressed already; of `image/`, `audio/`, `video/` all but those in `_PLAIN` are, too.
_PACKED: Final = frozenset(
    {
        "application/epub+zip",
        "application/gzip",
        "application/java-archive",
        "application/pdf",
        "application/vnd.android.package-archive",
        "application/vnd.apache.parquet",
        "application/vnd.google-earth.kmz",
        "application/vnd.pmtiles",
        "application/vnd.rar",
        "application/x-7z-compressed",
        "application/x-bzip2",
        "application/x-xz",
        "application/zip",
        "application/zstd",
        "font/woff",
        "font/woff2",
        "model/3mf",
        "model/vnd.usdz+zip",
    }
)
_PLAIN: Final = frozenset({"application/wasm", "audio/midi", "image/bmp", "image/svg+xml", "image/vnd.microsoft.icon"})
_PLAIN_APPLICATIONS: Final = re.compile(
    "application/(?:.*[+/-])?(?:json.*|xml|yaml|toml|sql|rtf|wasm|ndjson|javascript|vnd.apple.mpegurl|n-triples)"
)


def is_packed(media_type: str) -> bool:
    """Whether content of that type is compressed already, so that no coding makes it smaller."""
    kind = media_type.partition(";")[0]
    return kind in _PACKED or (kind.startswith(("image/", "audio/", "video/")) and kind not in _PLAIN)


def is_compressible(media_type: str) -> bool:
    """Whether compressing content of that type is worth the time: text of all kinds, and a few others."""
    kind = media_type.partition(";")[0]
    if kind in _PLAIN or kind.startswith("text/"):
        return True
    return kind in ("font/ttf", "font/otf", "model/gltf+json", "model/obj") or bool(_PLAIN_APPLICATIONS.fullmatch(kind))


def media_type(name: str) -> str:
    """The value of `Content-Type` for a file of that name: by what follows its last dot, in any case."""
    stem, dot, extension = name.rpartition(".")
    return MEDIA_TYPES.get(extension.lower(), UNKNOWN) if stem and dot else UNKNOWN
