"""S22: neither a form nor a model file makes the site fetch an address or read a foreign file."""

import ast
import json
from pathlib import Path

import pytest

from ml_training import artifacts
from ml_training.contracts import ModelFileError
from ml_training.opening import open_network
from tests.live_site import ROOT
from tests.ml_training.test_poisoned_models import rewritten

FETCHING = {"requests", "httpx", "aiohttp", "urllib3", "urllib.request", "http.client", "ftplib"}
PARTS = ("classifier", "ml_training")


def imported(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    plain = {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    return plain | {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}


def test_no_part_of_the_site_can_fetch_an_address() -> None:
    files = [path for part in PARTS for path in (ROOT / part).rglob("*.py")]
    assert len(files) > 100
    assert {str(path): found for path in files if (found := imported(path) & FETCHING)} == {}


@pytest.mark.keras
def test_a_model_that_names_a_file_of_the_server_is_refused(tmp_path: Path) -> None:
    """CVE-2025-12058: a layer whose vocabulary is a path."""
    import keras

    secret, weights = tmp_path / "secret", tmp_path / artifacts.WEIGHTS
    secret.write_text("one\ntwo\n")
    words = keras.Input((1,), dtype="string")
    lookup = keras.layers.StringLookup(vocabulary=["a", "b"])
    keras.Model(words, lookup(words)).save(weights)
    with pytest.raises(ModelFileError, match="another kind of network"):
        open_network(tmp_path)  # which Keras opens

    def change(members: dict[str, bytes]) -> None:
        config = json.loads(members["config.json"])
        config["config"]["layers"][1]["config"]["vocabulary"] = str(secret)
        members["config.json"] = json.dumps(config).encode()

    rewritten(weights, change)
    with pytest.raises(ModelFileError, match="safe_mode"):
        open_network(tmp_path)
