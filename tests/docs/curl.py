"""A stand-in for curl on machines without it: the flags that docs/API.md uses, and no other."""

from __future__ import annotations

import argparse
import http.client
import sys
import uuid
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

REFUSED = 22


def options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    for flag in ("-s", "-S", "-N", "--fail-with-body"):
        parser.add_argument(flag, action="store_true")
    for flag in ("-X", "-d", "-F", "-r", "-o"):
        parser.add_argument(flag)
    parser.add_argument("-w", default="")
    parser.add_argument("-H", action="append", default=[])
    parser.add_argument("url")
    return parser.parse_args(arguments)


def form(field: str) -> tuple[bytes, str]:
    """(body, content type) of one file."""
    name, _, path = field.partition("=@")
    boundary = uuid.uuid4().hex
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{Path(path).name}"\r\n\r\n'
    body = head.encode() + Path(path).read_bytes() + f"\r\n--{boundary}--\r\n".encode()
    return body, f"multipart/form-data; boundary={boundary}"


def request(asked: argparse.Namespace) -> tuple[bytes | None, dict[str, str]]:
    """(body, headers), as curl sends them."""
    body, headers = None, {"Accept": "*/*"}
    if asked.d is not None:
        body, headers["Content-Type"] = asked.d.encode(), "application/x-www-form-urlencoded"
    if asked.F is not None:
        body, headers["Content-Type"] = form(asked.F)
    if asked.r is not None:
        headers["Range"] = f"bytes={asked.r}"
    for header in asked.H:
        name, _, value = header.partition(":")
        headers[name.strip()] = value.strip()
    return body, headers


def copy(answer: http.client.HTTPResponse, target: BinaryIO) -> int:
    """What has come is passed on at once."""
    size = 0
    while piece := answer.read1(65536):
        size += target.write(piece)
        target.flush()
    return size


def main(arguments: list[str]) -> int:
    asked = options(arguments)
    body, headers = request(asked)
    url = urlsplit(asked.url)
    connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=90)
    target = url.path + (f"?{url.query}" if url.query else "")
    connection.request(asked.X or ("GET" if body is None else "POST"), target, body, headers)
    answer = connection.getresponse()
    if asked.o:
        with Path(asked.o).open("wb") as file:
            size = copy(answer, file)
    else:
        size = copy(answer, sys.stdout.buffer)
    told = asked.w.replace("%{http_code}", str(answer.status)).replace("%{size_download}", str(size))
    print(told.replace("\\n", "\n"), end="", flush=True)
    return REFUSED if asked.fail_with_body and answer.status >= 400 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
