from __future__ import annotations

import functools
import hashlib
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from curation.language import MODEL_PATH, LanguageIdentifier
from curation.language.model_source import CACHE_VARIABLE, cache_folder, local_model
from curation.policy import LanguageConfig, Policy
from manifests.config import check_config
from manifests.errors import UsageError

DIGEST = hashlib.sha256(MODEL_PATH.read_bytes()).hexdigest()


class Server:
    def __init__(self, folder: Path) -> None:
        self.asked: list[str] = []
        handler = functools.partial(_Handler, self.asked, directory=str(folder))
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(SimpleHTTPRequestHandler):
    def __init__(self, asked: list[str], *arguments: object, **named: object) -> None:
        self._asked = asked
        super().__init__(*arguments, **named)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        self._asked.append(self.path)
        super().do_GET()

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "lid.ftz").write_bytes(MODEL_PATH.read_bytes())
    running = Server(folder)
    yield running
    running.stop()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_a_model_named_by_a_url_is_fetched_once(server: Server, cache: Path) -> None:
    path = local_model(f"{server.url}/lid.ftz")
    assert Path(path).read_bytes() == MODEL_PATH.read_bytes()
    assert Path(path).parent == cache / "models"
    assert path.endswith("-lid.ftz")
    assert local_model(f"{server.url}/lid.ftz", DIGEST.upper()) == path
    assert server.asked == ["/lid.ftz"]
    assert LanguageIdentifier(path).identify(["Die Fähre verlässt den Hafen."])[0].code == "de"


def test_a_digest_that_does_not_match_is_told_and_nothing_kept(server: Server, cache: Path) -> None:
    with pytest.raises(UsageError, match=rf"language\.sha256: .*lid.ftz has the digest {DIGEST}, not 00"):
        local_model(f"{server.url}/lid.ftz", "0" * 64)
    assert list((cache / "models").iterdir()) == []


def test_a_cached_file_with_another_digest_is_fetched_again(server: Server) -> None:
    path = Path(local_model(f"{server.url}/lid.ftz"))
    path.write_bytes(b"damaged")
    assert local_model(f"{server.url}/lid.ftz", DIGEST) == str(path)
    assert path.read_bytes() == MODEL_PATH.read_bytes()


def test_a_missing_file_and_no_network_are_told_with_the_way_out(server: Server, cache: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot fetch .*/other.ftz into .* name the file's path"):
        local_model(f"{server.url}/other.ftz")
    assert not (cache / "models").exists() or list((cache / "models").iterdir()) == []


def test_a_path_is_used_as_it_is_and_checked() -> None:
    assert local_model(str(MODEL_PATH)) == str(MODEL_PATH)
    assert local_model(str(MODEL_PATH), DIGEST) == str(MODEL_PATH)
    with pytest.raises(UsageError, match=r"language\.sha256"):
        local_model(str(MODEL_PATH), "1" * 64)


def test_the_cache_lies_with_the_users_other_caches(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(CACHE_VARIABLE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "winnow"


def test_the_model_of_a_policy_is_among_the_files_that_measuring_depends_on(server: Server) -> None:
    policy = Policy(language=LanguageConfig(model=f"{server.url}/lid.ftz", sha256=DIGEST))
    assert local_model(f"{server.url}/lid.ftz") in policy.measuring_files()
    assert str(MODEL_PATH) in Policy().measuring_files()


def test_passwords_in_the_address_stay_out_of_the_printed_recipe() -> None:
    config = LanguageConfig(model="https://me:secret@example.org/lid.bin")
    assert config.model_dump()["model"] == "https://***@example.org/lid.bin"


def test_a_digest_without_a_model_is_an_error() -> None:
    with pytest.raises(UsageError, match=r"`sha256` is of no use without a `model`"):
        check_config(LanguageConfig, {"sha256": "0" * 64}, "recipe.yaml")
