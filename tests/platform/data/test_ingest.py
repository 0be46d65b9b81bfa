import gzip
import io
import json
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from assay.platform.data.config import DataConfig, SplitConfig
from assay.platform.data.dataset import Dataset
from assay.platform.data.ingest import ingest
from assay.platform.data.values import MISSING
from assay.platform.exceptions import DataError, SpecError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ADULT = Path(__file__).parents[3] / "platform" / "data" / "builtin" / "adult"


def write(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return f"csv:{path}"


def small_csv(path: Path, rows: int = 60) -> str:
    lines = [f"{i % 7},{'ab'[i % 2]},{'xyz'[i % 3]},{i % 4}" for i in range(rows)]
    return write(path, "\n".join(["number,letter,label,half", *lines]) + "\n")


def everything(dataset: Dataset) -> pa.Table:
    return pa.concat_tables([dataset.table("train"), dataset.table("validation"), dataset.test_table()])


def test_adult_holds_the_rows_of_the_raw_files_in_the_official_split(adult: Dataset):
    raw = gzip.decompress((ADULT / "adult.test.gz").read_bytes()).decode().split("\n", 1)[1]
    frame = pd.read_csv(
        io.StringIO(raw), header=None, skipinitialspace=True, na_values="?", keep_default_na=False
    )
    test = adult.test_table().to_pandas()
    assert len(test) == 16281
    assert test["__row__"].tolist() == list(range(32561, 48842))
    for position, name in enumerate(test.columns[1:-1]):
        assert test[name].isna().tolist() == frame[position].isna().tolist()
        assert test[name].dropna().tolist() == frame[position].dropna().tolist()
    assert test["income"].tolist() == frame[14].str.rstrip(".").tolist()
    assert len(adult.table("train")) + len(adult.table("validation")) == 32561


def test_adult_leaves_out_the_sampling_weight_and_the_sensitive_columns(adult: Dataset):
    names = [column.name for column in adult.schema.features]
    assert set(names).isdisjoint({"fnlwgt", "sex", "race", "income"})
    assert len(names) == 11
    assert adult.schema.column("fnlwgt").role == "ignored"
    assert "sampling weight" in adult.schema.column("fnlwgt").why
    assert (adult.schema.classes, adult.schema.positive) == (("<=50K", ">50K"), ">50K")


def test_the_sampling_weight_of_adult_can_be_declared_a_feature_or_a_weight(tmp_path: Path):
    for name, config in {
        "feature": DataConfig(source="builtin:adult", columns={"fnlwgt": "numeric"}),
        "weight": DataConfig(source="builtin:adult", weight="fnlwgt"),
    }.items():
        ingest(config, out=tmp_path / name)
        schema = Dataset.open(tmp_path / name).schema
        assert schema.column("fnlwgt").role == name
        assert schema.weight == (None if name == "feature" else "fnlwgt")


def test_digits_are_bytes_with_a_stratified_fifth_for_test(tmp_path: Path):
    details = ingest(DataConfig(source="builtin:digits"), out=tmp_path)
    dataset = Dataset.open(tmp_path)
    assert details["splits"] == {"train": 1258, "validation": 180, "test": 359}
    assert details["dealt"] == 1797
    assert dataset.schema.modality == "image"
    assert dataset.schema.image == (1, 8, 8)
    assert dataset.schema.classes == tuple("0123456789")
    assert dataset.table("train")["image"].type == pa.list_(pa.uint8(), 64)


def test_a_hostile_csv_is_understood_without_a_word_in_the_spec(hostile: Dataset):
    schema = hostile.schema
    kinds = {column.name: (column.kind, column.role) for column in schema.columns}
    assert kinds == {
        " Annual Income ": ("numeric", "feature"),
        "Hired On": ("date", "feature"),
        "Favourite colour": ("categorical", "feature"),
        "Notes": ("text", "ignored"),
        "Person No": ("identifier", "ignored"),
        "Sex": ("categorical", "sensitive"),
        "Age (years)": ("numeric", "sensitive"),
        "Country": ("constant", "ignored"),
        "Risk class": ("categorical", "target"),
    }
    assert schema.task == "multiclass"
    assert schema.classes == ("high", "low", "middle")
    assert all(column.why for column in schema.columns)
    assert schema.column("Hired On").format == "%d.%m.%Y"


def test_rows_keep_their_values_and_position_and_only_unlabelled_rows_are_dropped(
    hostile: Dataset, hostile_frame: pd.DataFrame
):
    frame = hostile_frame
    rows = everything(hostile).to_pandas().sort_values("__row__").set_index("__row__")
    assert rows.index.tolist() == frame.index[frame["Risk class"].notna()].tolist()
    assert hostile.datasheet["unlabelled"] == int(frame["Risk class"].isna().sum())
    expected = frame.loc[rows.index]
    pd.testing.assert_series_equal(rows[" Annual Income "], expected[" Annual Income "], check_names=False)
    dates = pd.to_datetime(expected["Hired On"], format="%d.%m.%Y")
    assert (rows["Hired On"].isna() == dates.isna()).all()
    assert (rows["Hired On"].dropna() == dates.dropna()).all()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("", "empty file"),
        ("a,b,label\n", "no rows"),
        ("a,a,label\n1,2,x\n2,3,y\n", "'a' 2 times"),
        ("a,,label\n1,2,x\n", "no name for column 2"),
        ("a,__row__,label\n1,2,x\n", "__row__"),
        ("a,b,label\n1,2,x\n1,2\n", "2 fields in row 3"),
        ("a,b,label\n1,2,x\n1,2,x,4\n", "4 fields in row 3"),
        ('a,b,label\n1,"2,x\n1,2,y\n', "width"),
        ("a,b,label\n1,2\0,x\n1,2,y\n", "NUL"),
        (f"a,b,label\n1,{'z' * 2_000_000},x\n1,2,y\n", "too long"),
        (f"a,b,label\n1,{'z' * 9_000_000},x\n1,2,y\n", "too long"),
        ("a,b,label\n1,2,x\n1,2,x\n", "one value only"),
        ("a,b,label\n1,2,\n1,2,NA\n", "no label at all"),
        ("a,b,label\n1,2,x\n3,2,x\n1,2,x\n1,2,y\n", "too small"),
        ("b,label\nq,x\nq,x\nq,x\nq,y\nq,y\nq,y\n", "no column is left"),
    ],
)
def test_a_faulty_csv_is_refused_by_its_fault(tmp_path: Path, body: str, said: str):
    source = write(tmp_path / "faulty.csv", body)
    with pytest.raises(DataError) as caught:
        ingest(DataConfig(source=source, target="label"), out=tmp_path / "out")
    assert said in str(caught.value)
    assert caught.value.got is not None
    assert caught.value.expected is not None
    assert caught.value.mend is not None


@pytest.mark.parametrize(
    ("name", "data"), [("latin", "a,label\né,x\n".encode("latin1")), ("utf16", "a,b\n".encode("utf16"))]
)
def test_a_csv_in_another_encoding_is_refused_with_the_way_to_convert_it(
    tmp_path: Path, name: str, data: bytes
):
    (tmp_path / "file.csv").write_bytes(data)
    with pytest.raises(DataError, match="UTF-8"):
        ingest(DataConfig(source=f"csv:{tmp_path / 'file.csv'}", target="label"), out=tmp_path / "out")


def test_a_byte_that_is_no_utf8_far_into_a_csv_is_found_too(tmp_path: Path):
    lines = b"a,label\n" + b"1,x\n2,y\n" * 700_000 + b"\xe9,x\n"
    (tmp_path / "file.csv").write_bytes(lines)
    with pytest.raises(DataError, match="UTF-8"):
        ingest(DataConfig(source=f"csv:{tmp_path / 'file.csv'}", target="label"), out=tmp_path / "out")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"target": "lable"}, "did you mean 'label'"),
        ({"target": None}, "not named"),
        ({"sensitive": ("leter",)}, "did you mean 'letter'"),
        ({"sensitive": ("label",)}, "both data.target and data.sensitive"),
        ({"weight": "letter"}, "no numbers"),
        ({"columns": {"letter": "numeric"}}, "'a' in row 0"),
        ({"columns": {"letter": "nummeric"}}, "did you mean 'numeric'"),
        ({"columns": {"letter": "date"}}, "no dates"),
        ({"positive": "x"}, "3 classes"),
        ({"sensitive": ("letter",), "bands": {"letter": (1.0,)}}, "can't be banded"),
        ({"sensitive": ("half",), "bands": {"half": (3.0, 1.0)}}, "bands of 'half'"),
        ({"source": "excel:file.xls"}, "known: builtin"),
        ({"source": "builtin:adlt"}, "did you mean 'adult'"),
        ({"source": "csv:nowhere.csv"}, "no such file"),
        ({"source": "parquet:."}, "a folder"),
        ({"source": "imagefolder:nowhere"}, "no such folder"),
    ],
)
def test_a_spec_that_does_not_fit_the_data_is_refused(tmp_path: Path, changes: dict, said: str):
    settings_ = {"source": small_csv(tmp_path / "small.csv"), "target": "label", **changes}
    with pytest.raises(DataError) as caught:
        ingest(DataConfig(**settings_), out=tmp_path / "out")
    assert said in str(caught.value)
    assert caught.value.mend is not None


@pytest.mark.parametrize("shares", [{"test": 0.0}, {"validation": 1.0}, {"test": 0.6, "validation": 0.5}])
def test_split_shares_that_leave_no_rows_are_refused(shares: dict):
    with pytest.raises(SpecError):
        SplitConfig(**shares)


def test_text_in_a_numeric_column_makes_it_categorical_or_text_and_says_which_value_was_odd(tmp_path: Path):
    rows = "\n".join(f"{i % 9 if i else 'about nine'},{'xy'[i % 2]}" for i in range(90))
    ingest(
        DataConfig(source=write(tmp_path / "f.csv", f"n,label\n{rows}\n"), target="label"), out=tmp_path / "o"
    )
    column = Dataset.open(tmp_path / "o").schema.column("n")
    assert column.kind == "categorical"
    assert "'about nine'" in column.why


@pytest.mark.parametrize("kind", ["parquet", "json", "jsonl"])
def test_other_formats_give_the_dataset_that_the_csv_gives(tmp_path: Path, kind: str):
    frame = pd.read_csv(small_csv(tmp_path / "small.csv").removeprefix("csv:"))
    if kind == "parquet":
        frame.to_parquet(tmp_path / "data [2].parquet")
        source = f"parquet:{tmp_path / 'data [2].parquet'}"
    else:
        frame.to_json(tmp_path / "data.json", orient="records", lines=kind == "jsonl")
        source = f"json:{tmp_path / 'data.json'}"
    ingest(DataConfig(source=f"csv:{tmp_path / 'small.csv'}", target="label"), out=tmp_path / "csv")
    ingest(DataConfig(source=source, target="label"), out=tmp_path / "other")
    one, other = Dataset.open(tmp_path / "csv"), Dataset.open(tmp_path / "other")
    assert one.schema == other.schema
    assert everything(one).equals(everything(other))


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.json", "[1, 2, 3]", "records"),
        ("b.json", '"words"', "records"),
        ("c.json", '{"a": [1, 2], "label": ["x", "y"]}', "records"),
        ("d.json", "[]", "no rows"),
        ("e.json", '[{"a": 1, "label": "x"', "json"),
        ("f.parquet", "PAR1 but not really PAR1", "Parquet"),
    ],
)
def test_a_file_that_is_not_what_its_scheme_says_is_refused(tmp_path: Path, name: str, text: str, said: str):
    (tmp_path / name).write_text(text)
    with pytest.raises(DataError) as caught:
        ingest(
            DataConfig(source=f"{name.split('.')[1]}:{tmp_path / name}", target="label"), out=tmp_path / "out"
        )
    assert said in str(caught.value)


def test_nested_values_are_kept_but_are_no_feature(tmp_path: Path):
    records = [{"n": i % 5, "tags": ["a", "b"][: i % 3], "label": "xy"[i % 2]} for i in range(40)]
    (tmp_path / "f.json").write_text(json.dumps(records))
    ingest(DataConfig(source=f"json:{tmp_path / 'f.json'}", target="label"), out=tmp_path / "out")
    dataset = Dataset.open(tmp_path / "out")
    assert dataset.schema.column("tags").role == "ignored"
    assert everything(dataset)["tags"].to_pylist()[0] in ([], ["a"], ["a", "b"])


def test_infinities_and_nan_are_missing_and_counted(tmp_path: Path):
    rows = "\n".join(f"{['1.5', 'inf', '-inf', 'nan', '2'][i % 5]},{i},{'xy'[i % 2]}" for i in range(50))
    ingest(
        DataConfig(source=write(tmp_path / "f.csv", f"n,m,label\n{rows}\n"), target="label"),
        out=tmp_path / "o",
    )
    dataset = Dataset.open(tmp_path / "o")
    assert everything(dataset)["n"].null_count == 30
    assert next(c for c in dataset.datasheet["columns"] if c["name"] == "n")["missing"] == 30


def test_a_quantity_makes_a_regression_and_can_be_declared_classes(tmp_path: Path):
    rows = "\n".join(f"{i % 7},{i * 1.5}" for i in range(100))
    source = write(tmp_path / "f.csv", f"n,price\n{rows}\n")
    ingest(DataConfig(source=source, target="price"), out=tmp_path / "one")
    assert Dataset.open(tmp_path / "one").schema.task == "regression"
    with pytest.raises(DataError, match="too small"):
        ingest(
            DataConfig(source=source, target="price", columns={"price": "categorical"}), out=tmp_path / "two"
        )


def test_other_values_in_the_test_rows_change_nothing_that_is_fitted(tmp_path: Path):
    source = small_csv(tmp_path / "a.csv", 300)
    ingest(DataConfig(source=source, target="letter", sensitive=("half",)), out=tmp_path / "one")
    one = Dataset.open(tmp_path / "one")
    proxies, bands = one.datasheet["proxies"], one.schema.bands
    frame = pd.read_csv(tmp_path / "a.csv")
    rows = one.test_table()["__row__"].to_numpy()
    rng = np.random.default_rng(0)
    frame.loc[rows, "number"] = rng.permutation(frame.loc[rows, "number"])
    frame.to_csv(tmp_path / "a.csv", index=False)
    ingest(DataConfig(source=source, target="letter", sensitive=("half",)), out=tmp_path / "two")
    two = Dataset.open(tmp_path / "two")
    assert two.datasheet["proxies"] == proxies
    assert two.schema.bands == bands
    assert two.table("train").equals(one.table("train"))


def test_the_test_rows_are_not_had_as_a_table_like_the_others(hostile: Dataset):
    with pytest.raises(ValueError, match="only audits"):
        hostile.table("test")


def test_the_same_source_gives_the_same_bytes(tmp_path: Path, hostile_csv: Path):
    config = DataConfig(source=f"csv:{hostile_csv}", target="Risk class", sensitive=("Sex", "Age (years)"))
    for name in ("one", "two"):
        ingest(config, out=tmp_path / name)
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert files == ["datasheet.json", "schema.json", "test.parquet", "train.parquet", "validation.parquet"]
    for name in files:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_nothing_is_written_but_the_artifact_and_no_connection_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    opened = []
    monkeypatch.setattr(socket.socket, "connect", lambda self, address: opened.append(address))
    (tmp_path / "scratch").mkdir()
    frame = pd.read_csv(small_csv(tmp_path / "small.csv").removeprefix("csv:"))
    frame.to_parquet(tmp_path / "small.parquet")
    for scheme in ("csv", "parquet"):
        config = DataConfig(source=f"{scheme}:{tmp_path}/small.{scheme}", target="label")
        ingest(config, out=tmp_path / f"out-{scheme}", scratch=tmp_path / "scratch")
    assert not opened
    assert not list((tmp_path / "scratch").iterdir())


def test_reading_needs_no_home_folder(tmp_path: Path):
    source = small_csv(tmp_path / "small.csv")
    code = (
        "from pathlib import Path; from assay.platform.data.config import DataConfig;"
        "from assay.platform.data.ingest import ingest;"
        f"ingest(DataConfig(source={source!r}, target='label'), out=Path({str(tmp_path / 'out')!r}))"
    )
    home = tmp_path / "home"
    home.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", code], env={"HOME": str(home)}, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not [path for path in home.rglob("*") if path.is_file()]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    cells=st.lists(
        st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0\r"), max_size=8),
        min_size=30,
        max_size=40,
    )
)
def test_any_text_survives_the_way_through_a_csv_but_for_surrounding_spaces(tmp_path: Path, cells: list[str]):
    frame = pd.DataFrame(
        {"x": cells, "label": ["ab"[i % 2] for i in range(len(cells))], "n": range(len(cells))}
    )
    frame.to_csv(tmp_path / "f.csv", index=False, quoting=1)
    config = DataConfig(
        source=f"csv:{tmp_path / 'f.csv'}", target="label", columns={"x": "categorical", "n": "numeric"}
    )
    ingest(config, out=tmp_path / "out")
    table = everything(Dataset.open(tmp_path / "out")).sort_by("__row__")
    kept = [None if text is None else text.strip() for text in table["x"].to_pylist()]
    assert kept == [None if cell.strip() in MISSING else cell.strip() for cell in cells]


def test_a_compressed_csv_with_semicolons_is_read(tmp_path: Path):
    frame = pd.read_csv(small_csv(tmp_path / "small.csv").removeprefix("csv:"))
    frame.to_csv(tmp_path / "small.csv.gz", index=False, sep=";")
    ingest(DataConfig(source=f"csv:{tmp_path / 'small.csv.gz'}", target="label"), out=tmp_path / "out")
    assert len(everything(Dataset.open(tmp_path / "out"))) == len(frame)


def test_large_parquet_files_are_streamed_into_row_groups(tmp_path: Path):
    rows = 150_000
    frame = pd.DataFrame({"n": np.arange(rows) % 1000, "label": np.arange(rows) % 2})
    frame.to_parquet(tmp_path / "f.parquet")
    ingest(DataConfig(source=f"parquet:{tmp_path / 'f.parquet'}", target="label"), out=tmp_path / "out")
    assert pq.ParquetFile(tmp_path / "out" / "train.parquet").num_row_groups == 3
