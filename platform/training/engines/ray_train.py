"""Several workers of Ray Train, each with its part of every batch and the gradients averaged over all.

Each worker is told the same `Job` and runs the same `learn` as a lone process would. Checkpoints are the
loop's own, in `scratch`, which every worker must be able to read (on a cluster of several machines: a shared
file system). When a worker dies, Ray starts the group again and it goes on from there.
"""

import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...exceptions import AssayError, CombinationError, UsageError
from ..progress import Progress
from .board import Board
from .ray_cluster import ray_cluster

if TYPE_CHECKING:
    from ..supervised import Job

NAME = "ray-train"

#: Times that the worker group is started again after one of it died.
MAX_FAILURES = 3


def learn_on_ray(job: "Job", progress: Callable[[Progress], None], address: str | None) -> dict[str, Any]:
    """Train with the workers that the job asks for.

    Args:
        job: what is to be trained.
        progress: told what the first worker says.
        address: of a cluster that runs; None starts one on this machine.

    Returns:
        Details for the manifest, `recovered` among them: how often dead workers were replaced.

    Raises:
        UsageError: Ray isn't installed, doesn't answer, or has no room for the workers; or a worker refused.
        AssayError: workers died again and again.
    """
    wanted = job.config.workers
    board = Board(job.scratch / "ray")
    with ray_cluster(address, workers=wanted if isinstance(wanted, int) else 1):
        import ray
        from ray.train import FailureConfig, RunConfig, ScalingConfig, TrainingFailedError
        from ray.train.torch import TorchConfig, TorchTrainer

        resources = ray.cluster_resources()
        gpus = int(resources.get("GPU", 0)) if job.config.device in ("auto", "cuda") else 0
        workers = wanted if isinstance(wanted, int) else (gpus or sum(node["Alive"] for node in ray.nodes()))
        threads = _threads(int(resources.get("CPU", 0)), workers)
        board.clear()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Ray's about its own settings
            trainer = TorchTrainer(
                _work,
                train_loop_config={"job": job, "board": str(board.folder), "threads": threads},
                torch_config=TorchConfig(backend="nccl" if gpus else "gloo"),
                scaling_config=ScalingConfig(
                    num_workers=workers,
                    use_gpu=gpus > 0,
                    resources_per_worker={"CPU": threads, **({"GPU": 1} if gpus else {})},
                ),
                run_config=RunConfig(
                    name="train",
                    storage_path=str(job.scratch / "ray" / "storage"),
                    failure_config=FailureConfig(max_failures=MAX_FAILURES),
                ),
            )
        try:
            with board.relayed(progress):
                trainer.fit()
        except TrainingFailedError as error:
            raise AssayError(f"training on Ray failed: {error}") from error
    details, recovered = board.outcome(), len(board.starts()) - 1
    if recovered:
        details["engine"]["recovered"] = recovered
    return {**details, "recovered": recovered, "parts": board.parts()}


def _threads(cpus: int, workers: int) -> int:
    """Threads of each worker: the cluster's CPUs shared out.

    Raises:
        CombinationError: there are fewer CPUs than workers.
    """
    if cpus < workers:
        raise CombinationError(
            "the Ray cluster is too small",
            got=f"{workers} workers and {cpus} CPUs",
            expected="a CPU for each worker",
            mend=f"ask for at most {cpus} workers",
        )
    return cpus // workers


def _work(told: dict[str, Any]) -> None:
    """What Ray runs in every worker's process."""
    from ..supervised import learn
    from .torch_workers import TorchWorkers

    engine, board = TorchWorkers(NAME), Board(Path(told["board"]))
    first = engine.rank == 0
    if first:
        board.started()
    try:
        details = learn(
            told["job"], engine, board.say if first else (lambda progress: None), threads=told["threads"]
        )
    except UsageError as error:
        if first:
            board.refuse(error)
        return
    board.spent(engine.rank, time.process_time())
    if first:
        board.conclude(details)
