"""A network of `transformers` as backbone: its `config.json` is data, its code is the installed library's.

No code of a checkpoint is ever run: classes are looked up by `model_type` in the library, and a configuration
that asks for code of its own (`auto_map`) is refused. The pooler that some encoders carry is left out: it was
trained for another task, and one vector a row is made of the last states instead.
"""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from ...models.inputs import ImageInput, TabularInput, TextInput
from ...models.network import Network
from ...models.pooling import POOLS
from ...models.unknown import UnknownNameError
from ..data.checkpoint_tokens import FILL
from ..exceptions import ModelError, UsageError
from .pictures import PictureBackbone
from .tensors import tensors_of

_LEFT = ("model_type", "attn_implementation", "experts_implementation", "quantization_config", "use_kernels")
"""Keys of `config.json` that aren't followed, as all that begin with `_`: some name code to be fetched."""

__all__ = ["TextBackbone", "build", "load", "longest", "pool_of", "require_known"]


class TextBackbone(Network):
    """An encoder or decoder of `transformers`, one vector a line, a linear head.

    Args:
        body: from codes and their mask to states.
        width: components of a state.
        outputs: number of classes, or 1 for regression.
        pool: `first`, `mean`, `max` or `last`.
        filler: code that stands where a line is filled up; it is masked.
    """

    rows_at_once = 128

    def __init__(self, body: nn.Module, width: int, outputs: int, *, pool: str, filler: int):
        super().__init__()
        self.body, self.width, self.pooled, self.filler = body, width, pool, filler
        self.head = nn.Linear(width, outputs)

    def encode(self, tokens: Tensor) -> Tensor:
        """The representation of each line, `(batch, width)`, from codes `(batch, length)`."""
        lengths = (tokens != FILL).sum(dim=1).clamp(min=1)
        tokens = tokens[:, : int(lengths.max())]  # places that no line reaches are dropped
        there = tokens != FILL
        states = self.body(
            input_ids=tokens.where(there, tokens.new_tensor(self.filler)), attention_mask=there.long()
        ).last_hidden_state
        return POOLS[self.pooled](states, lengths)


class _Vectors(nn.Module):
    """One vector an image: of maps the mean, of tokens the first or the mean."""

    def __init__(self, body: nn.Module, pool: str):
        super().__init__()
        self.body, self.pool = body, pool

    def forward(self, images: Tensor) -> Tensor:
        states = self.body(pixel_values=images).last_hidden_state
        if states.ndim == 4:
            return states.mean(dim=(2, 3))
        return states[:, 0] if self.pool == "first" else states.mean(dim=1)


def build(
    inputs: TabularInput | ImageInput | TextInput,
    outputs: int,
    *,
    config: Mapping[str, Any],
    pool: str,
    images: Mapping[str, Any] | None = None,
) -> TextBackbone | PictureBackbone:
    """The network with fresh weights.

    Args:
        inputs: what it is fed.
        outputs: number of classes, or 1 for regression.
        config: content of `config.json`.
        pool: how one vector is made of a row's states.
        images: of images: content of `preprocessor_config.json`.

    Raises:
        ModelError: a configuration that the library doesn't know, or for other data.
        UnknownNameError: no such pool.
    """
    pools = POOLS if isinstance(inputs, TextInput) else ("first", "mean")
    if pool not in pools:
        raise UnknownNameError("pool", pool, pools)
    settings, body = _config(config), _body(config)
    width = _width(settings)
    if isinstance(inputs, TextInput):
        filler = getattr(settings, "pad_token_id", None)
        return TextBackbone(body, width, outputs, pool=pool, filler=filler if isinstance(filler, int) else 0)
    if images is None or not isinstance(inputs, ImageInput):
        raise ModelError(
            "the checkpoint is for other data", got=f"{config['model_type']} and these inputs",
            expected="texts, or images with a preprocessor_config.json",
        )  # fmt: skip
    return PictureBackbone(_Vectors(body, pool), width, outputs, images)


def load(
    network: TextBackbone | PictureBackbone, files: Mapping[str, Path], config: Mapping[str, Any]
) -> list[str]:
    """Put the files' tensors into the network's body; names of those that it has no use for.

    The library is given tensors and no folder: what else lies there, adapters among it, isn't looked at.

    Raises:
        ModelError: they aren't whole, or aren't the network's.
    """
    tensors = tensors_of(files)
    body: Any = network.body.body if isinstance(network, PictureBackbone) else network.body
    try:
        found, told = type(body).from_pretrained(
            None, config=_config(config), state_dict=tensors, output_loading_info=True, dtype="float32"
        )
    except Exception as error:  # transformers raises whatever its parts raise
        raise ModelError(
            "the checkpoint's weights can't be read", got=f"{type(error).__name__}: {error}"[:300],
            expected="the safetensors that belong to its config.json",
        ) from error  # fmt: skip
    lacking = sorted(key for key in told["missing_keys"] if not key.startswith("pooler."))
    wrong = sorted(str(key) for key in told.get("mismatched_keys", ()))
    if lacking or wrong:
        raise ModelError(
            "the checkpoint's weights aren't whole", got=f"without {', '.join((lacking + wrong)[:3])}",
            expected="every tensor that its config.json asks for", mend="fetch the checkpoint again",
        )  # fmt: skip
    whole = set(found.state_dict()) - set(told["missing_keys"])
    body.load_state_dict(_without_pooler(found).state_dict())
    return sorted(set(told["unexpected_keys"]) | (whole - set(body.state_dict())))


def require_known(config: Mapping[str, Any], modality: str) -> None:
    """Refuse a configuration that can't be a backbone for this kind of data.

    Raises:
        UsageError: `transformers` isn't installed.
        ModelError: the library doesn't know it, it brings code, or it is for other data.
    """
    settings = _config(config)
    from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING_NAMES

    kind = "image" if config["model_type"] in MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING_NAMES else "text"
    if kind != modality:
        raise ModelError(
            "the checkpoint is for other data",
            got=f"{config['model_type']}, of {kind}s, and {modality} data",
            expected=f"a checkpoint of {modality}s" if modality != "tabular" else "texts or images",
            mend="take another checkpoint, or an architecture of `assay list architectures`",
        )  # fmt: skip
    if getattr(settings, "is_encoder_decoder", False):
        raise ModelError(
            "the checkpoint is an encoder and a decoder", got=config["model_type"],
            expected="one of them, so that a row has one line of states",
            mend="take a checkpoint such as bert, roberta, distilbert, gpt2 or vit",
        )  # fmt: skip


def pool_of(config: Mapping[str, Any], pooling: Mapping[str, Any], modality: str) -> str:
    """What a checkpoint was trained to be read by: its pooling file, a class token, or the mean.

    Args:
        config: content of `config.json`.
        pooling: content of `1_Pooling/config.json` of Sentence Transformers, or nothing.
        modality: `text` or `image`.
    """
    if modality == "text":
        return "first" if pooling.get("pooling_mode_cls_token") else "mean"
    embeddings = getattr(_body(config), "embeddings", None)
    return "first" if hasattr(embeddings, "cls_token") else "mean"


def longest(config: Mapping[str, Any]) -> int | None:
    """Most tokens of a line that its positions reach, where it says so."""
    settings = _config(config)
    found = getattr(settings, "max_position_embeddings", None)
    # RoBERTa and its kin count places from one behind the code that fills a line up.
    shifted = settings.model_type in ("roberta", "xlm-roberta", "camembert", "xlm-roberta-xl", "mpnet")
    return None if found is None else int(found) - (2 if shifted else 0)


def _body(config: Mapping[str, Any]) -> nn.Module:
    try:
        body = _transformers().AutoModel.from_config(_config(config), trust_remote_code=False)
    except ModelError:
        raise
    except Exception as error:  # transformers raises whatever its parts raise
        raise _unknown(config, f"{type(error).__name__}: {error}") from error
    return _without_pooler(body.float())


def _without_pooler(body: Any) -> nn.Module:
    pooler = getattr(body, "pooler", None)
    if isinstance(pooler, nn.Module) and next(pooler.parameters(), None) is not None:
        body.pooler = None
    return body


def _config(config: Mapping[str, Any]) -> Any:
    if "auto_map" in config or not isinstance(config.get("model_type"), str):
        raise _unknown(config, "it asks for code of its own" if "auto_map" in config else "no model_type")
    rest = {key: config[key] for key in config if key[0] != "_" and key not in _LEFT}
    try:
        return _transformers().AutoConfig.for_model(config["model_type"], **rest)
    except Exception as error:  # transformers raises whatever its parts raise
        raise _unknown(config, f"{type(error).__name__}: {error}".split("\n", 1)[0]) from error


def _width(settings: Any) -> int:
    """Components of a state; convolutional networks have theirs by stage."""
    return int(getattr(settings, "hidden_size", None) or settings.hidden_sizes[-1])


def _unknown(config: Mapping[str, Any], got: str) -> ModelError:
    return ModelError(
        f"config.json of {str(config.get('model_type', 'the checkpoint'))[:100]} can't be used",
        got=got[:300],
        expected="a configuration that the installed transformers knows, and no code beside it",
        mend="update transformers, or take another checkpoint",
    )


def _transformers() -> Any:
    if find_spec("transformers") is None:
        raise UsageError(
            "transformers isn't installed", expected="the extra `external`",
            mend="pip install 'assay[external]'",
        )  # fmt: skip
    import transformers

    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    return transformers
