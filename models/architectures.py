"""What can be named in a spec under `model.architecture`: a literal table. Importing it imports no torch."""

from collections.abc import Mapping
from types import MappingProxyType

from .part import Part

__all__ = ["ARCHITECTURES"]

ARCHITECTURES: Mapping[str, Part] = MappingProxyType(
    {
        "mlp": Part(
            summary="multilayer perceptron over embedded columns",
            paper="https://arxiv.org/abs/2203.05556",
            modality="tabular",
            module="mlp",
            factory="MLP",
            options={
                "width": 256,
                "depth": 2,
                "token_width": 16,
                "dropout": 0.2,
                "encoding": "piecewise_linear",
                "activation": "relu",
            },
            private={},
        ),
        "perceptron": Part(
            summary="one layer: a weighted vote of the columns",
            paper="https://doi.org/10.1037/h0042519",
            modality="tabular",
            module="perceptron",
            factory="Perceptron",
            options={"encoding": "piecewise_linear"},
            private={},
        ),
        "resnet_tabular": Part(
            summary="residual network for tables",
            paper="https://arxiv.org/abs/2106.11959",
            modality="tabular",
            module="resnet_tabular",
            factory="ResNetTabular",
            options={
                "width": 128,
                "depth": 2,
                "hidden": 2.0,
                "token_width": 16,
                "hidden_dropout": 0.2,
                "dropout": 0.0,
                "norm": "batch",
                "encoding": "piecewise_linear",
            },
            private={"norm": "layer"},
        ),
        "ft_transformer": Part(
            summary="transformer whose tokens are the columns",
            paper="https://arxiv.org/abs/2106.11959",
            modality="tabular",
            module="ft_transformer",
            factory="FTTransformer",
            options={
                "width": 64,
                "depth": 2,
                "heads": 4,
                "hidden": 4 / 3,
                "attention_dropout": 0.2,
                "dropout": 0.1,
                "encoding": "piecewise_linear",
            },
            private={},
        ),
        "resnet_small": Part(
            summary="residual network for images of 8 to 32 pixels",
            paper="https://arxiv.org/abs/1512.03385",
            modality="image",
            module="resnet_small",
            factory="ResNetSmall",
            options={"channels": 16, "blocks": 1, "dropout": 0.0},
            private={},
        ),
        "vit_small": Part(
            summary="vision transformer for images of 8 to 32 pixels",
            paper="https://arxiv.org/abs/2010.11929",
            modality="image",
            module="vit_small",
            factory="ViTSmall",
            options={"patch": None, "width": 64, "depth": 4, "heads": 4, "dropout": 0.1},
            private={},
        ),
        "vit_b16": Part(
            summary="vision transformer as published: patches, a class token, learned positions",
            paper="https://arxiv.org/abs/2010.11929",
            modality="image",
            module="vit",
            factory="ViT",
            options={"patch": None, "width": 1.0, "depth": 12, "heads": 12, "dropout": 0.1},
            private={},
        ),
        "lenet": Part(
            summary="LeNet-5: two convolutions and three layers",
            paper="http://yann.lecun.com/exdb/publis/pdf/lecun-98.pdf",
            modality="image",
            module="lenet",
            factory="LeNet",
            options={"channels": 6},
            private={},
        ),
        "conv4": Part(
            summary="four blocks of convolution and pooling, by which few-shot learning is compared",
            paper="https://arxiv.org/abs/1606.04080",
            modality="image",
            module="conv4",
            factory="Conv4",
            options={"width": 64, "norm": "batch"},
            private={"norm": "group"},
        ),
        "scattering": Part(
            summary="wavelets in place of learned convolutions, and a linear head: for little data, or noise",
            paper="https://arxiv.org/abs/1412.8659",
            modality="image",
            module="scattering",
            factory="Scattering",
            options={"scales": None, "angles": 8, "groups": 27},
            fixed=True,
            private={},
        ),
        "alexnet": Part(
            summary="five convolutions and three layers",
            paper="https://arxiv.org/abs/1404.5997",
            modality="image",
            module="alexnet",
            factory="AlexNet",
            options={"width": 1.0, "dropout": 0.5},
            private={},
        ),
        **{
            f"vgg{depth}": Part(
                summary=f"{depth} layers of 3×3 convolutions and units",
                paper="https://arxiv.org/abs/1409.1556",
                modality="image",
                module="vgg",
                factory="VGG",
                options={"norm": "batch", "width": 1.0, "dropout": 0.5},
                decided={"depth": depth},
                private={"norm": "group"},
            )
            for depth in (11, 13, 16, 19)
        },
        **{
            f"resnet{depth}": Part(
                summary=f"residual network of {depth} layers",
                paper="https://arxiv.org/abs/1512.03385",
                modality="image",
                module="resnet",
                factory="ResNet",
                options={"norm": "batch", "width": 1.0, "dropout": 0.0},
                decided={"depth": depth},
                # In float32, norms of a hundred layers and more miss the exact ones by a thousandth.
                private={"norm": "group"} if depth <= 50 else None,
            )
            for depth in (18, 34, 50, 101, 152)
        },
        "googlenet": Part(
            summary="inception modules of parallel convolutions, with auxiliary heads",
            paper="https://arxiv.org/abs/1409.4842",
            modality="image",
            module="googlenet",
            factory="GoogLeNet",
            options={"norm": "batch", "width": 1.0, "dropout": 0.4, "auxiliary": True},
            private={"norm": "group"},
        ),
        "efficientnet_b0": Part(
            summary="inverted residuals with squeeze and excitation, found by search",
            paper="https://arxiv.org/abs/1905.11946",
            modality="image",
            module="efficientnet",
            factory="EfficientNetB0",
            options={"norm": "batch", "width": 1.0, "dropout": 0.2, "drop_block": 0.2},
            private={"norm": "group"},
        ),
        "efficientnet_lite0": Part(
            summary="inverted residuals for phones, whose published weights can be taken",
            paper="https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite",
            modality="image",
            module="efficientnet_lite",
            factory="EfficientNetLite0",
            options={"norm": "batch", "width": 1.0, "dropout": 0.2},
        ),
        "text_transformer": Part(
            summary="small transformer encoder for texts",
            paper="https://arxiv.org/abs/1706.03762",
            modality="text",
            module="text_transformer",
            factory="TextTransformer",
            options={
                "width": 128,
                "depth": 2,
                "heads": 4,
                "hidden": None,
                "dropout": 0.1,
                "attention_dropout": 0.0,
                "position": "learned",
                "pool": "mean",
            },
            private={},
        ),
        "bert": Part(
            summary="encoder that sees both sides of each token, as published",
            paper="https://arxiv.org/abs/1810.04805",
            modality="text",
            module="bert_classifier",
            factory="BERTClassifier",
            options={"width": 768, "depth": 12, "heads": 12, "hidden": None, "dropout": 0.1},
            private={},
        ),
        "gpt": Part(
            summary="decoder whose last token decides, of the size of the smallest GPT-2",
            paper="https://cdn.openai.com/research-covers/language-unsupervised/language_understanding_paper.pdf",
            modality="text",
            module="gpt_classifier",
            factory="GPTClassifier",
            options={"width": 768, "depth": 12, "heads": 12, "dropout": 0.1},
            private={},
        ),
        **{
            cell: Part(
                summary=f"{name} that reads texts in both directions",
                paper=paper,
                modality="text",
                module="recurrent",
                factory="Recurrent",
                options={
                    "token_width": 128,
                    "width": 128,
                    "depth": 1,
                    "bidirectional": True,
                    "pool": "max",
                    "dropout": 0.1,
                },
                decided={"cell": cell},
            )
            for cell, name, paper in (
                ("rnn", "plain recurrent network", "https://doi.org/10.1207/s15516709cog1402_1"),
                ("lstm", "long short-term memory", "https://doi.org/10.1162/neco.1997.9.8.1735"),
                ("gru", "gated recurrent unit", "https://arxiv.org/abs/1406.1078"),
            )
        },
    }
)
