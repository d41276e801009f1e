"""Request bodies, bounded while they are read."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from proxy.errors import ProxyError

MOST_PARTS = 64
"""The most fields, and the most files, that a form may have."""


def media_type(request: Request) -> str:
    """The content type without its parameters, in lower case; empty where there is none."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def check_media_type(request: Request, *wanted: str) -> None:
    """Raise ProxyError unsupported_media_type unless the content type is one of those wanted."""
    if media_type(request) not in wanted:
        raise ProxyError("unsupported_media_type", f"The content type must be {' or '.join(wanted)}.")


async def bounded_stream(request: Request, largest: int) -> AsyncGenerator[bytes, None]:
    """The chunks of the body; raises ProxyError body_too_large as soon as it is known to exceed `largest` bytes."""
    announced = request.headers.get("content-length", "")
    too_large = ProxyError("body_too_large", f"The body may have at most {largest} bytes.")
    if announced.isdecimal() and int(announced) > largest:
        raise too_large
    received = 0
    try:
        async for chunk in request.stream():
            received += len(chunk)
            if received > largest:
                raise too_large
            yield chunk
    except ClientDisconnect as error:
        raise ProxyError("invalid_value", "The body ended before it was whole.") from error


async def read_json_body(request: Request, largest: int) -> bytes:
    """The whole body of an application/json request of at most `largest` bytes."""
    check_media_type(request, "application/json")
    return b"".join([chunk async for chunk in bounded_stream(request, largest)])


async def read_form(request: Request, largest: int) -> tuple[list[tuple[str, str]], list[tuple[str, bytes]]]:
    """The text fields and the files of a multipart/form-data request of at most `largest` bytes, in order.

    Raises ProxyError invalid_value where the form cannot be read.
    """
    check_media_type(request, "multipart/form-data")
    parser = MultiPartParser(
        request.headers,
        bounded_stream(request, largest),
        max_files=MOST_PARTS,
        max_fields=MOST_PARTS,
        max_part_size=largest,
    )
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise ProxyError("invalid_value", f"The form cannot be read: {error.message}") from error
    try:
        return await _parts(form)
    finally:
        await form.close()


async def _parts(form: FormData) -> tuple[list[tuple[str, str]], list[tuple[str, bytes]]]:
    texts: list[tuple[str, str]] = []
    files: list[tuple[str, bytes]] = []
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            files.append((name, await value.read()))
        else:
            texts.append((name, value))
    return texts, files
