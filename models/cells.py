"""The equations of recurrent cells, one step of a batch: what torch's fast loops compute.

Elman, "Finding Structure in Time" (1990), https://doi.org/10.1207/s15516709cog1402_1; LSTM: Hochreiter &
Schmidhuber (1997), https://doi.org/10.1162/neco.1997.9.8.1735, with the forget gate of Gers et al. (2000),
https://doi.org/10.1162/089976600300015015; GRU: Cho et al. (2014), https://arxiv.org/abs/1406.1078

Shapes: x input `(B, I)`, h state `(B, H)`; W `(gates × H, I)`, U `(gates × H, H)`, b and c `(gates × H,)`;
σ the logistic function, ⊙ the product component by component.
"""

from torch import Tensor

__all__ = ["gru_step", "lstm_step", "rnn_step"]


def rnn_step(x: Tensor, h: Tensor, W: Tensor, U: Tensor, b: Tensor, c: Tensor) -> Tensor:
    """h' = tanh(W x + b + U h + c): what was seen fades, or explodes, by the same U at each step."""
    return (x @ W.T + b + h @ U.T + c).tanh()


def lstm_step(
    x: Tensor, state: tuple[Tensor, Tensor], W: Tensor, U: Tensor, b: Tensor, c: Tensor
) -> tuple[Tensor, Tensor]:
    """A memory m that is only added to and forgotten by gates, so gradients reach far back.

        m' = f ⊙ m + i ⊙ g,  h' = o ⊙ tanh(m'),  with i, f, o = σ(…), g = tanh(…) of W x + b + U h + c

    Args:
        x: input `(B, I)`.
        state: `(h, m)`, `(B, H)` each.
        W: rows of i, f, g, o, in this order.
        U: likewise.
        b: likewise.
        c: likewise.

    Returns:
        `(h', m')`.
    """
    h, m = state
    i, f, g, o = (x @ W.T + b + h @ U.T + c).chunk(4, dim=1)
    m = f.sigmoid() * m + i.sigmoid() * g.tanh()
    return o.sigmoid() * m.tanh(), m


def gru_step(x: Tensor, h: Tensor, W: Tensor, U: Tensor, b: Tensor, c: Tensor) -> Tensor:
    """The state itself is kept or replaced, by one gate.

        h' = (1 - z) ⊙ n + z ⊙ h,  with r, z = σ(W x + b + U h + c), n = tanh(Wₙ x + bₙ + r ⊙ (Uₙ h + cₙ))

    Rows are those of r, z, n. The reset r multiplies after U, as in torch and cuDNN; the paper has it before.
    """
    from_x, from_h = (x @ W.T + b).chunk(3, dim=1), (h @ U.T + c).chunk(3, dim=1)
    r, z = (from_x[0] + from_h[0]).sigmoid(), (from_x[1] + from_h[1]).sigmoid()
    n = (from_x[2] + r * from_h[2]).tanh()
    return (1 - z) * n + z * h
