from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from assay.platform import baselines
from assay.platform.data.config import DataConfig
from assay.platform.data.dataset import Dataset
from assay.platform.data.ingest import ingest
from assay.platform.data.preprocess import Preprocessor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import StandardScaler


def opened(tmp_path: Path, config: DataConfig) -> tuple[Dataset, Preprocessor]:
    ingest(config, out=tmp_path / "out")
    dataset = Dataset.open(tmp_path / "out")
    return dataset, Preprocessor.fit(dataset.table("train"), dataset.schema)


def one_hot(train: pd.DataFrame, test: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Standardised numbers and dummies by pandas, for frames without missing numbers."""
    numbers = train.select_dtypes("number").columns
    scaler = StandardScaler().fit(train[numbers])
    texts = pd.get_dummies(pd.concat([train, test]).drop(columns=numbers), dummy_na=True).to_numpy(
        dtype=float
    )
    scaled = np.vstack([scaler.transform(train[numbers]), scaler.transform(test[numbers])])
    features = np.hstack([scaled, texts])
    return features[: len(train)], features[len(train) :]


def test_baselines_on_adult_reach_what_a_pandas_pipeline_reaches(tmp_path: Path):
    dataset, fitted = opened(tmp_path, DataConfig(source="builtin:adult", sensitive=("sex", "race")))
    train, test = dataset.table("train"), dataset.test_table()
    scorers = baselines.fit(train, fitted)
    assert list(scorers) == ["majority_class", "logistic_regression", "histogram_gradient_boosting"]
    y_true = fitted.targets(test)
    scores = {name: scorer(test) for name, scorer in scorers.items()}
    for score in scores.values():
        assert score.shape == (len(test), 2)
        np.testing.assert_allclose(score.sum(axis=1), 1)
    names = list(fitted.feature_columns)
    features, held_out = one_hot(train.select(names).to_pandas(), test.select(names).to_pandas())
    oracle = (
        LogisticRegression(max_iter=1000).fit(features, fitted.targets(train)).predict_proba(held_out)[:, 1]
    )
    ours = scores["logistic_regression"][:, 1]
    assert roc_auc_score(y_true, ours) == pytest.approx(roc_auc_score(y_true, oracle), abs=1e-3)
    assert np.corrcoef(ours, oracle)[0, 1] > 0.999
    boosted = scores["histogram_gradient_boosting"]
    assert roc_auc_score(y_true, boosted[:, 1]) > 0.923
    assert (boosted.argmax(axis=1) == y_true).mean() > 0.868
    assert np.ptp(scores["majority_class"][:, 1]) == 0


def test_regression_baselines_answer_in_the_unit_of_the_target(tmp_path: Path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=400), "b": rng.normal(size=400)})
    frame["price"] = 1000 + 50 * frame["a"] - 20 * frame["b"] + rng.normal(size=400)
    frame.to_csv(tmp_path / "f.csv", index=False)
    dataset, fitted = opened(tmp_path, DataConfig(source=f"csv:{tmp_path / 'f.csv'}", target="price"))
    train, test = dataset.table("train"), dataset.test_table()
    scorers = baselines.fit(train, fitted)
    assert list(scorers) == ["mean", "ridge", "histogram_gradient_boosting"]
    assert np.allclose(scorers["mean"](test), np.mean(train["price"].to_numpy()))
    scaler = StandardScaler().fit(train.select(["a", "b"]).to_pandas())
    oracle = Ridge().fit(scaler.transform(train.select(["a", "b"]).to_pandas()), train["price"].to_numpy())
    expected = oracle.predict(scaler.transform(test.select(["a", "b"]).to_pandas()))
    np.testing.assert_allclose(scorers["ridge"](test), expected, rtol=1e-4)


def test_images_have_baselines_on_their_pixels(tmp_path: Path):
    dataset, fitted = opened(tmp_path, DataConfig(source="builtin:digits"))
    scorers = baselines.fit(dataset.table("train"), fitted)
    assert list(scorers) == ["majority_class", "logistic_regression"]
    test = dataset.test_table()
    accuracy = (scorers["logistic_regression"](test).argmax(axis=1) == fitted.targets(test)).mean()
    assert accuracy > 0.94


def test_weights_are_heeded_and_missing_values_and_new_categories_are_scored(tmp_path: Path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"n": rng.normal(size=300), "c": rng.choice(["x", "y"], 300), "w": 1.0})
    frame["label"] = np.where(rng.random(300) < 0.5, "a", "b")
    frame.loc[frame["label"] == "a", "w"] = 3.0
    frame.loc[::7, "n"] = np.nan
    frame.to_csv(tmp_path / "f.csv", index=False)
    config = DataConfig(source=f"csv:{tmp_path / 'f.csv'}", target="label", weight="w")
    dataset, fitted = opened(tmp_path, config)
    train = dataset.table("train")
    scorers = baselines.fit(train, fitted)
    rows = train.to_pandas()
    share = rows.loc[rows["label"] == "a", "w"].sum() / rows["w"].sum()
    new = (
        dataset.test_table()
        .select(["n", "c"])
        .slice(0, 2)
        .to_pandas()
        .assign(c=["new", None], n=[np.nan, np.inf])
    )
    for scorer in scorers.values():
        assert np.isfinite(scorer(pa.Table.from_pandas(new))).all()
    assert scorers["majority_class"](train)[0, 0] == pytest.approx(share)


def test_the_same_seed_gives_the_same_scores(tmp_path: Path):
    dataset, fitted = opened(tmp_path, DataConfig(source="builtin:adult"))
    train = dataset.table("train").slice(0, 12_000)
    one, other = (
        baselines.fit(train, fitted, seed=3)["histogram_gradient_boosting"](train) for _ in range(2)
    )
    assert one.tobytes() == other.tobytes()


def weighed_words(texts: list[str], known: list[str], idf: np.ndarray) -> np.ndarray:
    """TF-IDF by its formula: counts times log((1 + rows) / (1 + rows with the word)) + 1, of length 1."""
    counts = np.array([[text.lower().split().count(word) for word in known] for text in texts], dtype=float)
    weighed = counts * idf
    length = np.linalg.norm(weighed, axis=1, keepdims=True)
    return np.divide(weighed, length, out=np.zeros_like(weighed), where=length > 0)


def test_texts_are_read_by_a_logistic_regression_of_weighed_words(tmp_path: Path):
    rng = np.random.default_rng(0)
    words = [f"word{letter}" for letter in "abcdefghij"]
    said = [" ".join(rng.choice(words, 6)) for _ in range(300)]
    label = np.where([text.count("worda") + text.count("wordb") > 1 for text in said], "yes", "no")
    frame = pd.DataFrame({"title": rng.choice([*words, None], 300), "said": said, "label": label})
    frame.to_csv(tmp_path / "said.csv", index=False)
    config = DataConfig(
        source=f"csv:{tmp_path / 'said.csv'}", target="label", columns={"title": "text", "said": "text"}
    )
    dataset, fitted = opened(tmp_path, config)
    train, test = dataset.table("train"), dataset.test_table()
    scorers = baselines.fit(train, fitted)
    assert list(scorers) == ["majority_class", "tfidf_logistic_regression"]
    texts, asked = (
        [f"{title or ''} {text}" for title, text in zip(*table.to_pydict().values(), strict=True)]
        for table in (part.select(["title", "said"]) for part in (train, test))
    )
    held = np.array([sum(word in text.split() for text in texts) for word in words])
    idf = np.log((1 + len(texts)) / (1 + held)) + 1
    model = LogisticRegression(max_iter=1000).fit(weighed_words(texts, words, idf), fitted.targets(train))
    expected = model.predict_proba(weighed_words(asked, words, idf))
    np.testing.assert_allclose(scorers["tfidf_logistic_regression"](test), expected, atol=1e-4)
