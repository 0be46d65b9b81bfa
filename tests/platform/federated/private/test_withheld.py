"""Nothing that tells who took part is let out, whatever it will be called."""

from assay.platform.federated.private import withheld
from hypothesis import given
from hypothesis import strategies as st

SECRET = {"asked", "counted", "faults", "train_loss", "energy", "contributions", "outliers", "seconds"}
NAMES = st.dictionaries(st.text() | st.sampled_from(sorted(SECRET)), st.integers())


@given(of_all=NAMES, of_one=NAMES)
def test_clients_keep_what_is_known_before_the_first_round_and_their_scores(of_all, of_one):
    row = {"client": "a", "train": 3, "validation_accuracy": 0.5}
    found = withheld.of_clients({**of_all, "clients": [of_one | row]})
    assert not SECRET & {*found, *found["clients"][0]}
    assert row.items() <= found["clients"][0].items()


@given(entry=NAMES)
def test_rounds_and_the_manifest_lose_counts_of_answers(entry):
    assert not SECRET | {"clients"} <= set(withheld.of_rounds([entry | {"clients": 3, "round": 1}])[0])
    assert "clients" not in withheld.of_rounds([{"clients": 3}])[0]
    assert not SECRET & set(withheld.of_details(entry))
