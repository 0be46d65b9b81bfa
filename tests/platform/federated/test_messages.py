"""What a client is told is what the server meant."""

import pytest
from assay.platform.augmentation.config import ContrastiveViewConfig, ViewConfig
from assay.platform.data.dataset import Dataset
from assay.platform.data.preprocess import Preprocessor
from assay.platform.federated.messages import Work
from assay.platform.training.config import ModelConfig, PretrainConfig, TrainConfig


@pytest.mark.parametrize("augment", [True, False, ViewConfig(flip="horizontal", zoom=(0.8, 1.2))])
@pytest.mark.parametrize(
    "pretrain", [None, PretrainConfig(method="simclr", augment=ContrastiveViewConfig(crop=0.5))]
)
def test_views_by_name_arrive_as_they_were_meant(pictures, augment, pretrain):
    data = Dataset.open(pictures)
    work = Work(
        model=ModelConfig(architecture="resnet_small"),
        train=TrainConfig(augment=augment),
        preprocessor=Preprocessor.fit(data.table("train"), data.schema),
        local_epochs=1,
        seed=0,
        pretrain=pretrain,
    )
    told = Work.from_json(work.to_json())
    assert (told.train, told.pretrain) == (work.train, work.pretrain)
