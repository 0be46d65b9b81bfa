"""Clients that the data name themselves: speakers of Shakespeare, countries of Adult."""

from collections import Counter

import jsonschema
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from assay.audits.report import schema
from assay.flows.home import Home
from assay.flows.verification import verify_version
from assay.platform.data.builtin import shakespeare

LITTLE = {
    "explain": {"methods": [], "examples": 0},
    "robustness": {"tests": []},
    "fairness": {"replicates": 50},
}
CHARACTERS = {"tokenizer": "characters", "lowercase": False, "length": 84}


def speakers(source: str, minimum: int, rounds: int, **data) -> dict:
    """A spec that reads what speakers say, each a client."""
    return {
        "name": "shakespeare",
        "data": {"source": source, "text": CHARACTERS, **data},
        "model": {"architecture": "gru", "width": 32, "token_width": 16, "bidirectional": False},
        "train": {"batch_size": 32, "learning_rate": 0.01, "schedule": "constant", "patience": None},
        "federated": {
            "partition": {"by": "column", "column": "speaker", "minimum": minimum},
            "rounds": rounds,
            "outliers": 0.05,
        },
        "audit": LITTLE,
        "policy": [],
    }


def test_speakers_are_clients_through_the_whole_chain(chained, tmp_path):
    rows = shakespeare.read(tmp_path).table
    some = pc.is_in(rows["speaker"], pa.array(["VOLUMNIA", "PETRUCHIO", "ANGELO", "Ghost"]))
    few = rows.filter(some)
    common = {name for name, count in Counter(few["next"].to_pylist()).items() if count >= 30}
    few = few.filter(pc.is_in(few["next"], pa.array(sorted(common))))
    pq.write_table(few, tmp_path / "few.parquet")
    spec = speakers(
        f"parquet:{tmp_path / 'few.parquet'}",
        20,
        2,
        target="next",
        columns={"context": "text"},
        ignore=["speaker"],
    )
    _, report = chained(tmp_path / "home", spec)
    jsonschema.validate(report, schema())
    found = report["training"]["federated"]
    assert {row["client"] for row in found["clients"]} >= {"VOLUMNIA", "PETRUCHIO", "ANGELO"}
    assert found["partition"] == {"by": "column", "column": "speaker", "minimum": 20}
    assert sum(row["n"] for row in found["test"]["clients"]) == report["data"]["splits"]["test"]
    assert verify_version(Home(tmp_path / "home"), "shakespeare").differences == []


@pytest.mark.slow
def test_all_of_shakespeare_by_speaker_goes_through_the_whole_chain(chained, tmp_path):
    """Six rounds teach how often characters come: losses fall, decisions are for a space still."""
    _, report = chained(tmp_path, speakers("builtin:shakespeare", 60, 6))
    jsonschema.validate(report, schema())
    found = report["training"]["federated"]
    assert len(found["clients"]) == 54
    assert found["clients"][0]["client"] == "(fewer than 60 rows)"
    assert all(row["train"] >= 60 for row in found["clients"])
    history = next(stage for stage in report["training"]["stages"] if stage["name"] == "train")["history"]
    losses = [entry["validation_loss"] for entry in history]
    assert losses[-1] == min(losses) < losses[0] - 0.05
    assert found["test"]["lowest"] in {row["client"] for row in found["clients"]}
    assert verify_version(Home(tmp_path), "shakespeare").differences == []


@pytest.mark.slow
def test_adult_by_country_names_the_clients_that_are_served_worst(chained, tmp_path):
    spec = {
        "name": "countries",
        "data": {"source": "builtin:adult", "sensitive": ["sex"]},
        "model": {"architecture": "mlp", "width": 32, "depth": 1},
        "train": {"batch_size": 256, "learning_rate": 3e-3, "schedule": "constant"},
        "federated": {
            "partition": {"by": "column", "column": "native-country"},
            "rounds": 3,
            "contributions": "leave_one_out",
            "outliers": 0.05,
        },
        "audit": LITTLE,
        "policy": [],
    }
    _, report = chained(tmp_path, spec)
    jsonschema.validate(report, schema())
    found = report["training"]["federated"]
    assert len(found["clients"]) == 42  # Holand-Netherlands has a single row, in the train file
    tested = found["test"]
    assert not next(row for row in tested["clients"] if row["client"] == tested["lowest"])["small"]
    assert tested["widest"]["sex"]["demographic_parity_difference"]["client"]
    assert set(found["contributions"]["values"]) == {row["client"] for row in found["clients"]}
    assert sum(found["energy"]["clients"].values()) + found["energy"]["server"] == pytest.approx(
        found["energy"]["kwh"]
    )
    assert verify_version(Home(tmp_path), "countries").differences == []
