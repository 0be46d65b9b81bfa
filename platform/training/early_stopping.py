"""Stop when validation no longer improves, and keep the weights of the best epoch.

Prechelt, "Early stopping — but when?" (1998), https://doi.org/10.1007/3-540-49430-8_3, counting epochs since
the lowest loss.
"""

from torch import Tensor, nn


class EarlyStopping:
    """The best epoch so far, with a copy of its weights.

    Args:
        patience: epochs without a strictly lower loss before `stop` is true; None never stops.
    """

    def __init__(self, patience: int | None):
        self.patience = patience
        self.epoch: int | None = None
        self.loss = float("inf")
        self.weights: dict[str, Tensor] = {}
        self.stop = False

    def update(self, epoch: int, loss: float, module: nn.Module) -> None:
        """Look at the validation loss of an epoch; on a tie the earlier one stays the best."""
        if loss < self.loss:
            self.epoch, self.loss = epoch, loss
            self.weights = {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}
        elif self.patience is not None and self.epoch is not None:
            self.stop = epoch - self.epoch >= self.patience
