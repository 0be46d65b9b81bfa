"""One secure sum among clients and a server: what comes out, what the server sees, what clients refuse."""

import itertools

import numpy as np
import pytest
from assay.platform.exceptions import AssayError
from assay.platform.federated.secure import member as members
from assay.platform.federated.secure.keys import agreed, opened, sealed
from assay.platform.federated.secure.masks import packed
from assay.platform.federated.secure.member import Member
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare, kstest

WIDTH = 7
MODULUS = 2 ** (8 * WIDTH)


def vectors_of(clients, length=40, seed=0):
    return np.random.default_rng(seed).integers(0, 2**40, (clients, length), dtype=np.uint64)


def plain(vectors, clients):
    return [sum(int(vectors[client, at]) for client in clients) % MODULUS for at in range(vectors.shape[1])]


@pytest.mark.parametrize("clients", [3, 4, 10])
def test_the_sum_is_that_of_the_vectors(play, clients):
    vectors = vectors_of(clients)
    assert play(vectors).total.tolist() == plain(vectors, range(clients))


@pytest.mark.parametrize("step", ["shares", "vector", "unmask"])
def test_three_of_ten_may_drop_out_before_a_step(play, step):
    vectors, gone = vectors_of(10), {1, 5, 8}
    counted = set(range(10)) - (gone if step != "unmask" else set())
    assert play(vectors, **{step: gone}).total.tolist() == plain(vectors, counted)


def test_clients_that_drop_out_at_different_steps(play):
    vectors = vectors_of(10)
    told = play(vectors, shares={0}, vector={4}, unmask={9})
    assert told.total.tolist() == plain(vectors, set(range(10)) - {0, 4})


def test_a_graph_with_few_neighbours_gives_the_same_sum(play):
    vectors = vectors_of(60, length=5)
    told = play(vectors, vector={3, 17, 40}, unmask={5})
    assert told.around.degree < 59
    assert told.total.tolist() == plain(vectors, set(range(60)) - {3, 17, 40})


@settings(max_examples=15, deadline=None)
@given(gone=st.sets(st.integers(0, 6), max_size=2), step=st.sampled_from(["shares", "vector", "unmask"]))
def test_whoever_drops_out_the_sum_is_that_of_the_others(play, gone, step):
    vectors = vectors_of(7, length=3)
    counted = set(range(7)) - (gone if step != "unmask" else set())
    assert play(vectors, **{step: gone}).total.tolist() == plain(vectors, counted)


def test_too_few_that_help_to_unmask_end_the_sum(play):
    told = play(vectors_of(10), unmask={0, 1, 2, 3, 4})
    with pytest.raises(AssayError, match="are left to unmask the sum, 6 are needed"):
        _ = told.total


def test_a_wrong_share_is_noticed(play):
    told = play(vectors_of(10))
    holder, share = next(iter(told.own[2].items()))
    told.own[2][holder] = bytes([share[0] ^ 1]) + share[1:]
    with pytest.raises(AssayError, match="client 2's secret don't make it"):
        _ = told.total
    told = play(vectors_of(10), vector={6})
    holder, share = next(iter(told.masking[6].items()))
    told.masking[6][holder] = share[:-1] + bytes([share[-1] ^ 1])
    with pytest.raises(AssayError, match="client 6's secret don't make it"):
        _ = told.total


def test_a_late_vector_stays_hidden(play):
    """Its other masks are known once it was given up, and its own is not."""
    vectors = vectors_of(10, length=2000)
    told = play(vectors, vector={4})
    received = {peer: told.sealed[peer][4] for peer in told.graph[4]}
    late = told.members[4].hide(received, vectors[4], WIDTH)
    told.hidden[4] = late
    told.own[4] = {}
    with pytest.raises(AssayError, match="0 of client 4's neighbours are left"):
        _ = told.total
    told.members[4].own = bytes(31)  # anything else: only with the right one is the vector bare
    kept = [own.own for own in told.members.values()]
    assert len(set(kept)) == 10
    assert flatness(late[None]) > 1e-4


def flatness(seen):
    """Smallest chance of what masked vectors `(sums, length)` look like, were they uniform.

    By bytes over all sums; by numbers as shares of the modulus; and by differences between sums of the same
    client, which masks that are used twice leave as small as what they hide.
    """
    found = [
        np.bincount(packed(row, WIDTH).reshape(-1, WIDTH)[:, at], minlength=256)
        for row in seen
        for at in (0, 6)
    ]
    chances = [chisquare(counts).pvalue for counts in found]
    chances += [kstest(row / MODULUS, "uniform").pvalue for row in seen]
    chances += [
        kstest(((after - before) % MODULUS) / MODULUS, "uniform").pvalue
        for before, after in itertools.pairwise(seen)
    ]
    return min(chances) * len(chances)


def seen_of(play, sums=8, length=3000):
    """What the server sees of one client that sends nearly the same in each of many sums."""
    small = vectors_of(4, length) // 2**20
    return np.stack([play(small + number, session=number + 1).hidden[2] for number in range(sums)])


def test_what_the_server_sees_is_flat(play):
    assert flatness(seen_of(play)) > 1e-4


def test_masks_that_are_left_out_would_show(play, monkeypatch):
    monkeypatch.setattr(members, "mask", lambda key, length: np.zeros(length, dtype=np.uint64))
    assert flatness(seen_of(play)) < 1e-12


def test_masks_that_are_used_twice_would_show(play, monkeypatch):
    """The same secrets in every sum of four clients, which draw three each."""
    drawn = itertools.count()
    monkeypatch.setattr(members.secrets, "token_bytes", lambda size: (next(drawn) % 12).to_bytes(size, "big"))
    seen = seen_of(play)
    assert flatness(seen[:1]) > 1e-4  # one alone looks flat
    assert flatness(seen) < 1e-12


def test_every_secret_is_another_for_each_client_and_sum():
    made = [Member(number=0, session=session) for session in range(20)]
    assert len({secret for one in made for secret in (one.own, one.masking, one.sealing)}) == 60


class TestWhatAClientRefuses:
    """The server may follow the protocol once, and nothing else."""

    @staticmethod
    def begun(clients=4, threshold=2):
        everybody = {number: Member(number=number, session=7) for number in range(clients)}
        keys = {number: one.keys() for number, one in everybody.items()}
        return everybody, keys

    def test_keys_that_repeat(self):
        everybody, keys = self.begun()
        with pytest.raises(AssayError, match="show the same key"):
            everybody[0].share({1: keys[1], 2: keys[1], 3: keys[3]}, 2)

    def test_its_own_key_from_another(self):
        everybody, keys = self.begun()
        with pytest.raises(AssayError, match="show the same key"):
            everybody[0].share({1: keys[0], 2: keys[2], 3: keys[3]}, 2)

    @pytest.mark.parametrize(
        ("peers", "threshold"), [((1,), 1), ((1, 2, 3), 1), ((1, 2), 1), ((1, 2), 3), ((), 0)]
    )
    def test_too_few_neighbours_or_a_threshold_at_which_both_ways_could_be_asked(self, peers, threshold):
        everybody, keys = self.begun()
        with pytest.raises(AssayError, match="could unmask this client"):
            everybody[0].share({peer: keys[peer] for peer in peers}, threshold)

    def shared(self):
        everybody, keys = self.begun()
        sent = {
            number: one.share({peer: keys[peer] for peer in everybody if peer != number}, 2)[0]
            for number, one in everybody.items()
        }
        return everybody, sent

    def test_too_few_that_are_left(self):
        everybody, sent = self.shared()
        with pytest.raises(AssayError, match="1 neighbours are left, 2 are needed"):
            everybody[0].hide({1: sent[1][0]}, np.zeros(3, np.uint64), WIDTH)

    def test_shares_that_were_sealed_for_another(self):
        everybody, sent = self.shared()
        with pytest.raises(AssayError, match="can't be opened"):
            everybody[0].hide({1: sent[1][2], 2: sent[2][0]}, np.zeros(3, np.uint64), WIDTH)

    def test_shares_of_another_sum(self):
        everybody, sent = self.shared()
        one = everybody[0]
        key = agreed(one.sealing, one.peers[1].sealing, members.SEALING)
        told = opened(key, sent[1][0])
        forged = sealed(key, bytes(8) + told[8:])
        with pytest.raises(AssayError, match="another client or sum"):
            one.hide({1: forged, 2: sent[2][0]}, np.zeros(3, np.uint64), WIDTH)

    def hidden(self):
        everybody, sent = self.shared()
        one = everybody[0]
        one.hide({peer: sent[peer][0] for peer in (1, 2, 3)}, np.zeros(3, np.uint64), WIDTH)
        return one

    @pytest.mark.parametrize(
        ("survivors", "dropped"),
        [
            ([1, 2, 3], [3]),
            ([1, 2], []),
            ([1, 1, 2], [3]),
            ([1], [2, 3]),
            ([1, 2, 3, 9], []),
            ([1, 2, 3, 0], []),
        ],
    )
    def test_both_shares_of_one_or_none_or_too_few_survivors(self, survivors, dropped):
        with pytest.raises(AssayError, match="one way or the other"):
            self.hidden().reveal(survivors, dropped)

    def test_a_step_that_was_taken(self):
        one = self.hidden()
        one.reveal([1, 2], [3])
        with pytest.raises(AssayError, match="step unmask of sum 7"):
            one.reveal([1, 2, 3], [])
        for step in (one.keys, lambda: one.share({}, 1), lambda: one.hide({}, np.zeros(1, np.uint64), WIDTH)):
            with pytest.raises(AssayError, match="where done comes next"):
                step()

    def test_what_a_client_keeps_survives_its_memory(self):
        one = self.hidden()
        assert Member.from_json(one.to_json()) == one
