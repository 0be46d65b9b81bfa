"""Checkpoints become artifacts that encode as their library does, and what can't be used is refused."""

import json
import shutil

import numpy as np
import pytest
import torch
import transformers
from assay.models.layer_groups import layer_groups
from assay.platform.checkpoints.taking import take
from assay.platform.data.dataset import Dataset
from assay.platform.exceptions import ModelError, SpecError
from assay.platform.predictor.artifact import load_network
from assay.platform.predictor.foreign.hugging_face import prepared
from assay.platform.training.config import ModelConfig
from transformers import AutoModel, AutoTokenizer, ViTImageProcessorPil


def taken(folder, dataset, out, **options):
    out.mkdir()
    take(
        dataset=dataset, model=ModelConfig(architecture=f"folder:{folder}", options=options), seed=0, out=out
    )
    return load_network(out)


def encoded(network, preprocessor, table):
    with torch.inference_mode():
        return network.encode(*(torch.from_numpy(part) for part in preprocessor.transform(table))).numpy()


@pytest.mark.parametrize("pool", ["mean", "first", "max", "last"])
def test_texts_are_encoded_as_the_library_does(bert, texts, tmp_path, pool):
    network, preprocessor = taken(bert, texts, tmp_path / "out", pool=pool)
    table = Dataset.open(texts).table("train")
    cells = zip(table["title"].to_pylist(), table["said"].to_pylist(), strict=True)
    lines = ["\n".join(cell for cell in row if cell) for row in cells]
    tokens = AutoTokenizer.from_pretrained(bert)(
        lines, padding=True, truncation=True, max_length=12, return_tensors="pt"
    )
    with torch.inference_mode():
        states = AutoModel.from_pretrained(bert).eval()(**tokens).last_hidden_state
    there = tokens["attention_mask"].bool()
    expected = {
        "mean": lambda state, kept: state[kept].mean(0),
        "first": lambda state, kept: state[0],
        "max": lambda state, kept: state[kept].amax(0),
        "last": lambda state, kept: state[kept][-1],
    }[pool]
    by_hand = torch.stack([expected(state, kept) for state, kept in zip(states, there, strict=True)])
    np.testing.assert_allclose(encoded(network, preprocessor, table), by_hand, atol=1e-5)


def test_grey_images_are_enlarged_coloured_and_scaled_as_the_checkpoint_says(vit, digits, tmp_path):
    network, preprocessor = taken(vit, digits, tmp_path / "out")
    table = Dataset.open(digits).table("train").slice(0, 20)
    pixels = np.stack(table["image"].to_numpy()).reshape(-1, 8, 8).astype(np.uint8)
    processor = ViTImageProcessorPil.from_pretrained(vit)
    prepared = processor([np.stack([p] * 3, axis=-1) for p in pixels], return_tensors="pt")
    with torch.inference_mode():
        states = AutoModel.from_pretrained(vit).eval()(**prepared).last_hidden_state
    # Pillow rounds enlarged pixels to bytes: half a level of 255, over the smallest deviation.
    np.testing.assert_allclose(encoded(network, preprocessor, table), states[:, 0], atol=0.02)


def test_what_was_taken_needs_neither_the_folder_nor_its_pooler(bert, texts, tmp_path):
    network, preprocessor = taken(bert, texts, tmp_path / "out")
    table = Dataset.open(texts).table("validation")
    before = encoded(network, preprocessor, table)
    shutil.rmtree(bert)
    again, same = load_network(tmp_path / "out")
    np.testing.assert_array_equal(encoded(again, same, table), before)
    assert not [name for name, _ in again.named_parameters() if "pooler" in name]
    assert len(layer_groups(again)) == 4  # embeddings, two layers, the head


def test_what_its_makers_say_and_what_they_do_not_is_written_down(bert, texts, tmp_path):
    taken(bert, texts, tmp_path / "out")
    facts = json.loads((tmp_path / "out" / "checkpoint.json").read_bytes())
    assert facts["card"] == {
        "datasets": ["reviews-of-films", "s2orc"], "license": ["apache-2.0"], "base_model": ["acme/tiny"],
    }  # fmt: skip
    assert set(facts["missing"]) == {"/overlap", "/kwh"}
    assert facts["reference"] == "folder:bert"
    assert {"config.json", "model.safetensors", "tokenizer.json", "README.md"} <= set(facts["files"])
    assert all(name.startswith("cls.") for name in facts["unused"])
    (bert / "README.md").unlink()
    taken(bert, texts, tmp_path / "other")
    missing = json.loads((tmp_path / "other" / "checkpoint.json").read_bytes())["missing"]
    assert set(missing) == {"/datasets", "/license", "/base_model", "/overlap", "/kwh"}


def edited(folder, name, **changes):
    document = json.loads((folder / name).read_bytes()) | changes
    (folder / name).write_text(json.dumps(document))


FAULTS = {
    "no tokenizer": (lambda f: (f / "tokenizer.json").unlink(), "no tokenizer"),
    "a tokenizer that isn't one": (lambda f: (f / "tokenizer.json").write_text("{}"), "tokenizer.json can't"),
    "an unknown kind": (lambda f: edited(f, "config.json", model_type="nonesuch"), "nonesuch can't be used"),
    "no kind": (lambda f: (f / "config.json").write_text("{}"), "can't be used"),
    "code of its own": (
        lambda f: edited(f, "config.json", auto_map={"AutoModel": "evil.Model"}), "code of its own",
    ),
    "another size": (lambda f: edited(f, "config.json", hidden_size=24), "weights"),
    "one layer more": (lambda f: edited(f, "config.json", num_hidden_layers=3), "aren't whole"),
    "weights that aren't": (lambda f: (f / "model.safetensors").write_bytes(b"no"), "safetensors can't be"),
    "an encoder and a decoder": (
        lambda f: (f / "config.json").write_text(json.dumps({"model_type": "bart", "vocab_size": 11})),
        "an encoder and a decoder",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_folder_that_can_not_be_used_says_why(bert, texts, tmp_path, fault):
    damage, said = FAULTS[fault]
    damage(bert)
    with pytest.raises(ModelError, match=said) as caught:
        taken(bert, texts, tmp_path / "out")
    assert caught.value.exit_code == 2


def test_a_checkpoint_of_other_data_is_refused(bert, vit, texts, digits, tmp_path):
    with pytest.raises(ModelError, match="for other data"):
        taken(bert, digits, tmp_path / "a")
    with pytest.raises(ModelError, match="for other data"):
        taken(vit, texts, tmp_path / "b")
    (vit / "preprocessor_config.json").unlink()
    with pytest.raises(ModelError, match="which images"):
        taken(vit, digits, tmp_path / "c")


def test_lines_longer_than_the_positions_and_options_that_are_not_there_are_refused(bert, texts, tmp_path):
    edited(bert, "config.json", max_position_embeddings=8)
    with pytest.raises(SpecError, match="longer than the checkpoint reads"):
        taken(bert, texts, tmp_path / "a")
    with pytest.raises(SpecError, match="no such option"):
        taken(bert, texts, tmp_path / "b", width=3)


def test_keys_that_name_code_to_be_fetched_are_not_followed(bert, texts, tmp_path):
    network, _ = taken(bert, texts, tmp_path / "a")
    edited(
        bert, "config.json", _attn_implementation="acme/kernel", attn_implementation="acme/kernel",
        use_kernels=True, quantization_config={"quant_method": "acme"},
    )  # fmt: skip
    again, _ = taken(bert, texts, tmp_path / "b")
    assert again.body.config._attn_implementation == network.body.config._attn_implementation


TINY = {"num_hidden_layers": 2, "num_attention_heads": 2, "hidden_size": 16, "intermediate_size": 16}
KINDS = {
    "roberta": (transformers.RobertaConfig(vocab_size=11, max_position_embeddings=14, **TINY), "mean"),
    "distilbert": (
        transformers.DistilBertConfig(
            vocab_size=11, max_position_embeddings=12, dim=16, n_layers=2, n_heads=2, hidden_dim=16
        ),
        "first",
    ),
    "gpt2": (transformers.GPT2Config(vocab_size=11, n_positions=12, n_embd=16, n_layer=2, n_head=2), "last"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_line_is_encoded_as_if_it_stood_alone_whatever_marks_the_end(bert, texts, tmp_path, kind):
    config, pool = KINDS[kind]
    torch.manual_seed(2)
    AutoModel.from_config(config).save_pretrained(tmp_path / kind)
    shutil.copy(bert / "tokenizer.json", tmp_path / kind)
    network, preprocessor = taken(tmp_path / kind, texts, tmp_path / "out", pool=pool)
    library, table = AutoModel.from_pretrained(tmp_path / kind).eval(), Dataset.open(texts).table("train")
    (codes,) = preprocessor.transform(table)
    pooled = {"mean": lambda s: s.mean(0), "first": lambda s: s[0], "last": lambda s: s[-1]}[pool]
    with torch.inference_mode():
        alone = [
            pooled(library(input_ids=torch.from_numpy(line[line >= 0])[None]).last_hidden_state[0])
            for line in codes
        ]
    np.testing.assert_allclose(encoded(network, preprocessor, table), torch.stack(alone), atol=1e-5)


def test_a_convolutional_network_gives_the_mean_of_its_last_maps(vit, digits, tmp_path):
    torch.manual_seed(2)
    config = transformers.ResNetConfig(
        embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], layer_type="basic", num_channels=3
    )
    AutoModel.from_config(config).save_pretrained(tmp_path / "resnet")
    shutil.copy(vit / "preprocessor_config.json", tmp_path / "resnet")
    network, preprocessor = taken(tmp_path / "resnet", digits, tmp_path / "out")
    table = Dataset.open(digits).table("train").slice(0, 5)
    (images,) = (torch.from_numpy(part) for part in preprocessor.transform(table))
    inputs = prepared(images * 255, json.loads((vit / "preprocessor_config.json").read_bytes()))
    with torch.inference_mode():
        maps = AutoModel.from_pretrained(tmp_path / "resnet").eval()(inputs).last_hidden_state
    np.testing.assert_allclose(encoded(network, preprocessor, table), maps.mean((2, 3)), atol=1e-5)
