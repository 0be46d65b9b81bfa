"""A program for test_canary_rows.py: a private run that may kill itself with SIGKILL in its second epoch.

Arguments: a dataset, a folder to fill, a scratch folder, and `die`. Without that it prints the run's details.
"""

import json
import os
import signal
import sys
from pathlib import Path

from assay.platform.privacy.config import PrivacyConfig
from assay.platform.training import train
from assay.platform.training.config import ModelConfig, TrainConfig
from assay.platform.training.progress import Progress

PRIVACY = PrivacyConfig(epsilon=2.0, delta=1e-4, accountant="rdp", canary_rows=40)
MODEL = ModelConfig(architecture="mlp", options={"width": 16, "depth": 1, "token_width": 4})
CONFIG = TrainConfig(epochs=3, batch_size=32, learning_rate=1e-2, checkpoint_seconds=0.0)


def die(moved: Progress) -> None:
    """In the middle of the epochs."""
    if moved.metrics["epoch"] > 1:
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    dataset, out, scratch = map(Path, sys.argv[1:4])
    told = die if sys.argv[4:] == ["die"] else lambda moved: None
    details = train(
        dataset=dataset, model=MODEL, config=CONFIG, out=out, scratch=scratch, privacy=PRIVACY, progress=told
    )
    print(json.dumps(details))
