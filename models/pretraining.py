"""What can be named in a spec under `pretrain.method`: a literal table. Importing it imports no torch."""

from collections.abc import Mapping
from types import MappingProxyType

from .part import Part

__all__ = ["PRETRAINING"]

PRETRAINING: Mapping[str, Part] = MappingProxyType(
    {
        "scarf": Part(
            summary="tell each row from the others after some columns were replaced",
            paper="https://arxiv.org/abs/2106.15147",
            modality="tabular",
            module="scarf",
            factory="SCARF",
            options={"corruption": 0.6, "temperature": 1.0, "projection_width": 256},
        ),
        "masked_features": Part(
            summary="say which cells of a row were replaced, and what stood there",
            paper="https://proceedings.neurips.cc/paper/2020/hash/7d97667a3e056acab9aaf653807b4a03-Abstract.html",
            modality="tabular",
            module="masked_features",
            factory="MaskedFeatures",
            options={"masked": 0.3, "alpha": 2.0, "replacement": "marginal"},
            private={"replacement": "uniform"},
        ),
        "simclr": Part(
            summary="pull two augmented views of an image together, push all others away",
            paper="https://arxiv.org/abs/2002.05709",
            modality="image",
            module="simclr",
            factory="SimCLR",
            options={"temperature": 0.2, "projection_width": 64},
            views=True,
        ),
        "moco": Part(
            summary="tell the other view of an image from a queue of views of earlier images",
            paper="https://arxiv.org/abs/1911.05722",
            modality="image",
            module="moco",
            factory="MoCo",
            options={"temperature": 0.2, "momentum": 0.99, "queue": 128, "projection_width": 64},
            views=True,
            moving_target=True,
        ),
        "byol": Part(
            summary="predict how a slow copy of the network sees the other view of an image",
            paper="https://arxiv.org/abs/2006.07733",
            modality="image",
            module="byol",
            factory="BYOL",
            options={"momentum": 0.99, "projection_width": 64, "hidden": 128},
            views=True,
            moving_target=True,
        ),
        "barlow_twins": Part(
            summary="make the correlations between the components of two views an identity matrix",
            paper="https://arxiv.org/abs/2103.03230",
            modality="image",
            module="barlow_twins",
            factory="BarlowTwins",
            options={"redundancy": 5e-3, "projection_width": 128},
            views=True,
        ),
        "vicreg": Part(
            summary="pull two views of an image together while each component stays spread and alone",
            paper="https://arxiv.org/abs/2105.04906",
            modality="image",
            module="vicreg",
            factory="VICReg",
            options={"invariance": 25.0, "variance": 25.0, "covariance": 1.0, "projection_width": 128},
            views=True,
        ),
        "mae": Part(
            summary="hide most patches of an image and paint them from those that are left",
            paper="https://arxiv.org/abs/2111.06377",
            modality="image",
            module="mae",
            factory="MAE",
            options={
                "masked": 0.75,
                "decoder_width": 32,
                "decoder_depth": 1,
                "decoder_heads": 4,
                "normalize": False,
            },
            architectures=("vit_small",),
            private={},
        ),
        "mlm": Part(
            summary="guess the tokens of a text that were hidden, from both sides",
            paper="https://arxiv.org/abs/1810.04805",
            modality="text",
            module="masked_language",
            factory="MaskedLanguage",
            options={"masked": 0.15},
            architectures=("text_transformer", "bert"),
        ),
        "clm": Part(
            summary="guess each token of a text from those before it",
            paper="https://cdn.openai.com/research-covers/language-unsupervised/language_understanding_paper.pdf",
            modality="text",
            module="causal_language",
            factory="CausalLanguage",
            options={},
            architectures=("gpt",),
        ),
    }
)
