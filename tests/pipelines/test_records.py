from pathlib import Path

from manifests.files import write_bytes
from pipelines.records import Completion, load_completion, save_completion, stage_key, written


def finish(work: Path, key: str) -> Completion:
    write_bytes(f"{work}/stage/a.bin", b"abc")
    completion = Completion(key, (written(str(work), "stage/a.bin"),), {"documents": 3})
    save_completion(str(work), "stage/completion.json", completion)
    return completion


def test_a_record_is_found_again_under_its_key(tmp_path: Path) -> None:
    assert load_completion(str(tmp_path), "stage/completion.json", "k") is None
    completion = finish(tmp_path, "k")
    assert load_completion(str(tmp_path), "stage/completion.json", "k") == completion


def test_another_key_means_the_work_is_done_again(tmp_path: Path) -> None:
    finish(tmp_path, "k")
    assert load_completion(str(tmp_path), "stage/completion.json", "other") is None


def test_a_missing_or_shortened_output_means_the_work_is_done_again(tmp_path: Path) -> None:
    finish(tmp_path, "k")
    (tmp_path / "stage/a.bin").write_bytes(b"ab")
    assert load_completion(str(tmp_path), "stage/completion.json", "k") is None
    (tmp_path / "stage/a.bin").unlink()
    assert load_completion(str(tmp_path), "stage/completion.json", "k") is None


def test_a_record_from_another_version_counts_as_none(tmp_path: Path) -> None:
    write_bytes(f"{tmp_path}/stage/completion.json", b'{"key": "k", "outputs": [{"name": 1}], "facts": {}}')
    assert load_completion(str(tmp_path), "stage/completion.json", "k") is None


def test_the_key_depends_on_version_settings_and_inputs() -> None:
    keys = {
        stage_key("a", 1, {"x": 1}, ["i"]),
        stage_key("b", 1, {"x": 1}, ["i"]),
        stage_key("a", 2, {"x": 1}, ["i"]),
        stage_key("a", 1, {"x": 2}, ["i"]),
        stage_key("a", 1, {"x": 1}, ["j"]),
    }
    assert len(keys) == 5
    assert stage_key("a", 1, {"x": 1, "y": 2}, ["i"]) == stage_key("a", 1, {"y": 2, "x": 1}, ["i"])
