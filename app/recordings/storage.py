"""Where recordings lie: a folder of this machine, or a bucket that speaks S3."""

from __future__ import annotations

import mimetypes
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from app.settings import Settings

CHUNK = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A part of a file: `size` is the whole file's; `chunks` gives bytes `start` to `end`."""

    size: int
    start: int
    end: int
    chunks: Iterator[bytes]


class Storage(Protocol):
    """Files under a place. Names are plain file names; all calls block."""

    def put_folder(self, source: Path, place: str) -> None:
        """Keep every file of a folder at this place."""

    def read(self, place: str, name: str, start: int, end: int | None) -> Opened:
        """Bytes from `start` up to, without, `end` (None: all the rest). Raises FileNotFoundError."""

    def remove(self, place: str) -> None:
        """Delete what lies at a place; nothing there is no error."""


class Folder:
    """Below a local folder."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put_folder(self, source: Path, place: str) -> None:
        target = self._root / place
        unfinished = target.with_name(target.name + ".new")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, unfinished)
        shutil.rmtree(target, ignore_errors=True)
        unfinished.replace(target)

    def read(self, place: str, name: str, start: int, end: int | None) -> Opened:
        path = self._root / place / name
        size = path.stat().st_size
        stop = size if end is None else min(end, size)
        return Opened(size=size, start=start, end=stop, chunks=_chunks(path, start, stop))

    def remove(self, place: str) -> None:
        shutil.rmtree(self._root / place, ignore_errors=True)


def _chunks(path: Path, start: int, end: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(start)
        left = end - start
        while left > 0 and (chunk := file.read(min(CHUNK, left))):
            left -= len(chunk)
            yield chunk


class Bucket:
    """In a bucket of anything that speaks S3; `client` is boto3's."""

    def __init__(self, client: Any, bucket: str, prefix: str = "recordings/") -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = prefix

    def put_folder(self, source: Path, place: str) -> None:
        for path in sorted(source.iterdir()):
            kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            self._client.upload_file(
                str(path), self._bucket, self._key(place, path.name), {"ContentType": kind}
            )

    def read(self, place: str, name: str, start: int, end: int | None) -> Opened:
        asked = f"bytes={start}-" if end is None else f"bytes={start}-{end - 1}"
        try:
            answer = self._client.get_object(
                Bucket=self._bucket, Key=self._key(place, name), Range=asked
            )
        except self._client.exceptions.NoSuchKey as error:
            raise FileNotFoundError(name) from error
        size = int(answer["ContentRange"].rpartition("/")[2])
        stop = start + int(answer["ContentLength"])
        return Opened(size=size, start=start, end=stop, chunks=answer["Body"].iter_chunks(CHUNK))

    def remove(self, place: str) -> None:
        listed = self._client.list_objects_v2(Bucket=self._bucket, Prefix=self._key(place, ""))
        for entry in listed.get("Contents", ()):
            self._client.delete_object(Bucket=self._bucket, Key=entry["Key"])

    def _key(self, place: str, name: str) -> str:
        return f"{self._prefix}{place}/{name}"


def of(settings: Settings) -> Storage:
    """The deployment's storage."""
    if settings.s3 is None:
        return Folder(settings.files / "recordings")
    return Bucket(_client(settings.s3.endpoint, settings.s3.region), settings.s3.bucket)


@lru_cache(maxsize=2)
def _client(endpoint: str | None, region: str | None) -> Any:
    # Loaded only where a bucket is used: it takes 25 MB. Keys come from AWS_… variables or from
    # whatever else boto3 knows.
    import boto3

    return boto3.client("s3", endpoint_url=endpoint, region_name=region or "us-east-1")
