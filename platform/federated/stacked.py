"""Many clients trained at once: their weights are stacked, and each step is a step of all of them.

What a client computes is what it computes alone (`local.py`), up to the rounding of sums: the same batches,
the same optimizer, the same corrections. An optimizer that works number by number is each client's own
where it is given a stack of weights; only the norm of a gradient has to be taken client by client.

Clients take their steps side by side, those with most rows first: who is done stands at the end, and leaves
the stack.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap
from torch.optim import Optimizer

from ..training.rows import Batch
from ..training.samplers import Sequential, Shuffled
from ..training.seeding import derive, reproducible
from ..training.steppers import FullPrecision
from .crowd import Crowd
from .local import Judged, Learned, Learner, corrected, optimizer_of
from .messages import weights_of
from .proximal import Proximal
from .scaffold import Controlled

__all__ = ["SideBySide", "clip_each", "judge_together", "learn_together"]

#: Weights that are stacked at once (64 MB in 32 bits; a training holds up to four such stacks), and rows that
#: are judged at once.
_WEIGHTS_AT_ONCE, _ROWS_AT_ONCE = 2**24, 4096


@dataclass(frozen=True)
class SideBySide(FullPrecision):
    """The gradients of many clients from one pass: the loss of each depends on its own weights alone.

    Args:
        weights: stacked, each `(clients, …)`, by the objective's names.
    """

    weights: Mapping[str, Tensor]

    def loss(self, objective: nn.Module, batch: Batch) -> Tensor:
        """Loss of each client `(clients,)`, of a batch whose tensors are `(clients, batch, …)`."""

        def alone(weights: dict[str, Tensor], inputs: tuple[Tensor, ...], *rest: Tensor | None) -> Tensor:
            return functional_call(objective, weights, (inputs, *rest))

        return vmap(alone)(dict(self.weights), batch.inputs, batch.target, batch.weight)

    def backward(self, objective: nn.Module, batch: Batch, share: float = 1.0) -> Tensor:
        """Add each client's gradient of `share` times its loss to its weights' gradients.

        Returns:
            The losses themselves `(clients,)`, detached.
        """
        loss = self.loss(objective, batch)
        (loss.sum() * share).backward()
        return loss.detach()


def learn_together(
    learner: Learner,
    crowd: Crowd,
    clients: Sequence[int],
    weights: Mapping[str, Tensor],
    *,
    round_number: int,
    factor: float,
    proximal_mu: float = 0.0,
    corrections: Sequence[Mapping[str, Tensor]] | None = None,
) -> dict[int, Learned]:
    """Train the global weights on the rows of each of these clients.

    Args:
        learner: what is trained.
        crowd: train rows of all clients.
        clients: numbers of those that train.
        weights: the global ones, by name.
        round_number: from 1.
        factor: of this round on the peak learning rate.
        proximal_mu: strength of FedProx's term; 0 is none.
        corrections: SCAFFOLD's c - c_i by parameter name, of each of these clients; or None.

    Returns:
        By client, what it answers. Those whose loss was no number are left out.
    """
    learner.load(weights)
    learner.objective.train()
    size = max(1, _WEIGHTS_AT_ONCE // sum(part.numel() for part in weights.values()))
    order = sorted(range(len(clients)), key=lambda place: -crowd.size(clients[place]))
    found: dict[int, Learned] = {}
    seed = derive(learner.work.seed, "stacked", round_number)  # of what nobody draws from: no layer is random
    with reproducible(seed, strict=crowd.rows.device.type == "cpu"):
        for begin in range(0, len(order), size):
            part = order[begin : begin + size]
            correction = None if corrections is None else _stacked([corrections[place] for place in part])
            stack = _Stack.of(learner, len(part), factor, proximal_mu, correction)
            found |= stack.learn(crowd, [clients[place] for place in part], round_number)
    return found


@torch.no_grad()
def judge_together(
    learner: Learner, crowd: Crowd, clients: Sequence[int], weights: Mapping[str, Tensor]
) -> dict[int, Judged]:
    """How good weights are on the validation rows of each of these clients.

    Args:
        learner: what computes with them.
        crowd: validation rows of all clients.
        clients: numbers of those that judge.
        weights: to judge, by name.
    """
    learner.load(weights)
    learner.objective.eval()
    size = learner.work.section.batch_size
    blocks = [
        (client, index)
        for client in clients
        if crowd.size(client)
        for index in Sequential(crowd.size(client), size).batches()
    ]
    loss, mass, correct = torch.zeros(3, len(clients), dtype=torch.float64)
    place = {client: place for place, client in enumerate(clients)}
    stepper, classes = SideBySide(torch.Generator(), {}), learner.classifies
    at_once = max(1, _ROWS_AT_ONCE // size)
    for begin in range(0, len(blocks), at_once):
        owners, indices = zip(*blocks[begin : begin + at_once], strict=True)
        batch = crowd.side_by_side(owners, indices)
        assert batch.weight is not None, "filled-up rows have weight 0"
        where, heavy = torch.tensor([place[owner] for owner in owners]), batch.weight.sum(1).double().cpu()
        loss.index_add_(0, where, stepper.loss(learner.objective, batch).double().cpu() * heavy)
        mass.index_add_(0, where, heavy)
        if classes:
            correct.index_add_(0, where, _hits(learner, batch, indices).double().cpu())
    return {
        client: Judged(
            loss=float(loss[at] / mass[at]) if mass[at] else 0.0,
            correct=int(correct[at]) if classes else None,
            examples=float(mass[at]),
            rows=crowd.size(client),
        )
        for client, at in place.items()
    }


def _hits(learner: Learner, batch: Batch, indices: Sequence[Tensor]) -> Tensor:
    """Rows of each batch `(batches,)` whose largest logit is that of their class."""
    assert batch.target is not None, "classes are known"
    logits = learner.network(*(part.flatten(0, 1) for part in batch.inputs))
    hits = logits.argmax(dim=1).view(batch.target.shape) == batch.target
    lengths = torch.tensor([len(index) for index in indices], device=hits.device).unsqueeze(1)
    return (hits & (torch.arange(hits.shape[1], device=hits.device) < lengths)).sum(dim=1)


@dataclass(frozen=True, kw_only=True)
class _Stack:
    """Clients in the middle of a round.

    Attributes:
        learner: what each of them trains.
        weights: stacked, each `(clients, …)`, by name.
        optimizer: over them.
        stepper: how their gradients come about.
    """

    learner: Learner
    weights: Mapping[str, Tensor]
    optimizer: Optimizer
    stepper: FullPrecision

    @classmethod
    def of(
        cls,
        learner: Learner,
        clients: int,
        factor: float,
        proximal_mu: float,
        correction: Mapping[str, Tensor] | None,
    ) -> "_Stack":
        """As many clients, all of which begin with the learner's weights."""
        weights, stacked = {}, {}
        for name, part in learner.learned.named_parameters():
            whole = part.detach().expand(clients, *part.shape).clone().requires_grad_()
            weights[name] = stacked[id(part)] = whole
        optimizer = optimizer_of(learner)
        for group in optimizer.param_groups:  # which weights decay is told by one client's
            group["params"] = [stacked[id(part)] for part in group["params"]]
            group["lr"] *= factor
        called = {name: stacked[id(part)] for name, part in learner.objective.named_parameters()}
        stepper = SideBySide(torch.Generator(), called)
        stepper = corrected(stepper, weights.items(), proximal_mu, correction)
        return cls(learner=learner, weights=weights, optimizer=optimizer, stepper=stepper)

    def learn(self, crowd: Crowd, clients: Sequence[int], round_number: int) -> dict[int, Learned]:
        """Take every step of these clients, of which those with most rows come first."""
        work, config = self.learner.work, self.learner.work.section
        samplers = [
            Shuffled(crowd.size(client), config.batch_size, derive(work.seed, "client", client, round_number))
            for client in clients
        ]
        batches = [
            [index for epoch in range(work.local_epochs) for index in sampler.batches(epoch)]
            for sampler in samplers
        ]
        steps = torch.tensor([len(own) for own in batches])
        last = steps - torch.tensor([sampler.steps for sampler in samplers])  # where the last epoch starts
        ends, seen = {name: part.data for name, part in self.weights.items()}, self._seen()
        others = {name: part.clone() for name, part in weights_of(self.learner.learned).items()}
        loss, mass = torch.zeros(2, len(clients), dtype=torch.float64)
        sound = torch.ones(len(clients), dtype=torch.bool)
        for step in range(len(batches[0])):
            active = int((steps > step).sum())
            self._leave(active)
            batch = crowd.side_by_side(clients[:active], [own[step] for own in batches[:active]])
            assert batch.weight is not None, "filled-up rows have weight 0"
            told, heavy = self._step(batch).double().cpu(), batch.weight.sum(1).double().cpu()
            counts = heavy * (step >= last[:active])
            loss[:active] += told * counts
            mass[:active] += counts
            sound[:active] &= told.isfinite()
        mean = loss / mass
        return {
            client: Learned(
                weights=others | {name: end[at] for name, end in ends.items()},
                loss=float(mean[at]),
                control={name: part[at] / float(steps[at]) for name, part in seen.items()},
            )
            for at, client in enumerate(clients)
            if sound[at] and mean[at].isfinite()
        }

    def _seen(self) -> dict[str, Tensor]:
        """Where SCAFFOLD sums up gradients, `(clients, …)` each by name; empty without."""
        if not isinstance(self.stepper, Controlled):
            return {}
        return {name: part.data for name, part in zip(self.weights, self.stepper.seen, strict=True)}

    def _leave(self, active: int) -> None:
        """Let all but the first clients go: what remains of a tensor is a view, so what they had stays."""
        state = [part for own in self.optimizer.state.values() for part in own.values()]
        beside = self.stepper.beside if isinstance(self.stepper, Controlled | Proximal) else ()
        for part in (*self.weights.values(), *state, *beside):
            if isinstance(part, Tensor) and part.ndim and len(part) > active:
                part.data = part.data[:active]

    def _step(self, batch: Batch) -> Tensor:
        """One step of all clients: their losses `(clients,)`."""
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.stepper.backward(self.learner.objective, batch)
        clip = self.learner.work.section.clip
        if clip is not None:
            clip_each([part.grad for part in self.weights.values() if part.grad is not None], clip)
        self.optimizer.step()
        return loss


def clip_each(gradients: Sequence[Tensor], largest: float) -> None:
    """Shorten each client's gradient to a norm, in place: as `clip_grad_norm_` does for one.

    Args:
        gradients: `(clients, …)` each.
        largest: norm.
    """
    norms = torch.stack([part.reshape(len(part), -1).norm(dim=1) for part in gradients]).norm(dim=0)
    factor = (largest / (norms + 1e-6)).clamp_max(1.0)
    for part in gradients:
        part.mul_(factor.view(-1, *(1,) * (part.ndim - 1)))


def _stacked(parts: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """Tensors of many clients as one, `(clients, …)`, by name."""
    return {name: torch.stack([part[name] for part in parts]) for name in parts[0]}
