"""Bodies of forms."""

from collections.abc import AsyncGenerator

from corserver.http.forms import Form, FormLimits, read_form

from .peer import Cutter, whole

URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=B"


async def read_cut(content_type: str, body: bytes, cut: Cutter = whole, limits: FormLimits | None = None) -> Form:
    async def chunks() -> AsyncGenerator[bytes, None]:
        for chunk in cut(body):
            yield chunk

    return await read_form(content_type, chunks(), limits or FormLimits())


def part(headers: str, data: bytes = b"") -> bytes:
    return b"--B\r\n" + headers.encode() + b"\r\n\r\n" + data + b"\r\n"


def field(name: str, data: bytes = b"") -> bytes:
    return part(f'Content-Disposition: form-data; name="{name}"', data)


END = b"--B--\r\n"

CHROMIUM = (
    b"------WebKitFormBoundaryAbC123\r\n"
    b'Content-Disposition: form-data; name="text"\r\n\r\none\r\ntwo --B\r\n'
    b"------WebKitFormBoundaryAbC123\r\n"
    b'Content-Disposition: form-data; name="a %22quoted%22 name"\r\n\r\n\xc3\xbc\r\n'
    b"------WebKitFormBoundaryAbC123\r\n"
    b'Content-Disposition: form-data; name="file"; filename="\xc3\xbc.bin"\r\n'
    b"Content-Type: application/octet-stream\r\n\r\n\x00\r\n--\xff\r\n\r\n"
    b"------WebKitFormBoundaryAbC123\r\n"
    b'Content-Disposition: form-data; name="file"; filename=""\r\nContent-Type: application/octet-stream\r\n\r\n\r\n'
    b"------WebKitFormBoundaryAbC123--\r\n"
)
CHROMIUM_TYPE = "multipart/form-data; boundary=----WebKitFormBoundaryAbC123"
