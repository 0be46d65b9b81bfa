"""Secure aggregation: the server learns the sum of what clients send, and nothing of any one of them.

SecAgg+ on Flower's messages: Bell et al., "Secure Single-Server Aggregation with (Poly)Logarithmic Overhead"
(2020), CCS, algorithm 2, https://eprint.iacr.org/2020/704: the protocol of Bonawitz et al., "Practical Secure
Aggregation for Privacy-Preserving Machine Learning" (2017), CCS, https://eprint.iacr.org/2017/281, among few
neighbours instead of all clients.

Numbers become integers (`fixed_point.py`) that each client hides behind masks (`masks.py`). Those that two
neighbours (`graph.py`) agree on (`keys.py`) cancel in the sum; the others, and those of clients that drop
out, the server makes again from shares (`shares.py`), which it is given one way or the other. A client's
part is `member.py`, the server's `tally.py`; `client.py` and `exchange.py` put them on Flower's messages,
and `summing.py` into the rounds.
"""
