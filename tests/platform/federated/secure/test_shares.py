"""Shares of a secret against interpolation by brute force, and what too few of them say."""

import itertools
import secrets
from collections import Counter

import pytest
from assay.platform.federated.secure import shares
from assay.platform.federated.secure.shares import PRIME, SECRET_BYTES, combine, split
from hypothesis import given
from hypothesis import strategies as st


@given(
    secret=st.binary(min_size=SECRET_BYTES, max_size=SECRET_BYTES),
    threshold=st.integers(1, 8),
    more=st.integers(0, 5),
    data=st.data(),
)
def test_any_so_many_shares_give_the_secret_back(secret, threshold, more, data):
    holders = data.draw(st.lists(st.integers(0, 1000), unique=True, min_size=threshold + more, max_size=20))
    found = split(secret, threshold, holders)
    chosen = data.draw(st.permutations(holders))[:threshold]
    assert combine({holder: found[holder] for holder in chosen}).to_bytes(SECRET_BYTES, "big") == secret


def test_one_share_too_few_gives_something_else():
    secret = secrets.token_bytes(SECRET_BYTES)
    found = split(secret, 4, range(6))
    assert combine(dict(itertools.islice(found.items(), 3))) != int.from_bytes(secret, "big")


@pytest.mark.parametrize("threshold", [2, 3])
def test_too_few_shares_are_alike_for_every_secret(threshold, monkeypatch):
    """In a field of seven, over all polynomials: the shares of two holders less than the threshold needs."""
    prime, seen = 7, []
    for secret in range(prime):
        counts = Counter()
        for drawn in itertools.product(range(prime), repeat=threshold - 1):
            line = iter(drawn)
            monkeypatch.setattr(shares.secrets, "randbelow", lambda below, line=line: next(line))
            found = split(bytes([secret]), threshold, range(4), prime)
            counts[tuple(found[holder] for holder in range(threshold - 1))] += 1
            whole = {
                value
                for value in range(prime)
                for others in itertools.product(range(prime), repeat=threshold - 1)
                if all(
                    sum(c * (holder + 1) ** power for power, c in enumerate((value, *others))) % prime
                    == int.from_bytes(found[holder], "big")
                    for holder in range(threshold)
                )
            }
            assert whole == {combine({holder: found[holder] for holder in range(threshold)}, prime)}
        seen.append(counts)
    assert all(counts == seen[0] for counts in seen)


def test_the_field_is_a_prime_above_every_secret():
    import sympy

    assert sympy.isprime(PRIME)
    assert 2 ** (8 * SECRET_BYTES) < PRIME
