import numpy as np
import pytest

import gazescribe.models.predicting
from gazescribe.models.core.checkpoint import annotate_checkpoint
from gazescribe.models.predicting import predict
from gazescribe.pipeline.core.class_names import TEN_LABELS
from gazescribe.pipeline.core.errors import ArrayError, GazeError, ParamsError
from gazescribe.pipeline.images.reading import read_radiograph
from tests.unit.models.predicting.predicting_cases import checkpoint, expected, picture, save


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    return checkpoint(tmp_path_factory.mktemp("trained") / "model.safetensors")


@pytest.fixture
def images(tmp_path):
    for number, name in enumerate(["x.png", "y.png"]):
        save(tmp_path / "images" / name, picture(number))
    return tmp_path / "images"


def test_probabilities_and_maps_are_the_networks_own(trained, images):
    predictions = predict(str(trained), images)
    table = predictions.probabilities
    assert (list(table.index), list(table.columns)) == (["x", "y"], list(TEN_LABELS))
    assert (predictions.kind, predictions.channels) == ("decoder", TEN_LABELS)
    assert (predictions.thresholds, predictions.left_out) == ({}, {})
    for name in ("x", "y"):
        probability, maps = expected(trained, read_radiograph(images / f"{name}.png"))
        assert table.loc[name].to_numpy() == pytest.approx(probability)
        assert predictions.maps[name].dtype == np.float32
        np.testing.assert_allclose(predictions.maps[name], maps["decoder"], atol=1e-5)


def test_a_map_out_of_its_frame(trained):
    predictions = predict(trained, picture(size=(40, 64)), kind="spatial")
    (values,) = predictions.maps.values()
    edema = values[TEN_LABELS.index("Edema")]
    assert edema.shape == (2, 2)
    # The picture fills the inner halves of both rows of the frame.
    np.testing.assert_array_equal(
        predictions.heatmap("array-1", "Edema"), np.kron(edema, np.ones((20, 32)))
    )
    assert predictions.heatmap("array-1", "Edema", (10, 16)).shape == (10, 16)
    assert predictions.heatmap("array-1", "Edema").dtype == np.float32
    with pytest.raises(GazeError, match="there is no 'edema' here; the nearest is Edema"):
        predictions.heatmap("array-1", "edema")
    with pytest.raises(GazeError, match="there is no 'array-2' here; the nearest is array-1"):
        predictions.heatmap("array-2", "Edema")


def test_files_and_arrays_in_one_call(trained, images):
    predictions = predict(trained, [picture(1), images / "x.png", str(images / "y.png")])
    table = predictions.probabilities
    assert list(table.index) == ["x", "y", "array-1"]
    assert table.loc["array-1"].to_numpy() == pytest.approx(table.loc["y"].to_numpy())
    assert table.loc["array-1"].to_numpy() != pytest.approx(table.loc["x"].to_numpy())


def test_an_evaluated_checkpoint_brings_thresholds(tmp_path, trained):
    thresholds = {"spatial": dict.fromkeys(TEN_LABELS, 0.25)}
    path = tmp_path / "evaluated.safetensors"
    annotate_checkpoint(trained, path, thresholds=thresholds, metrics={"map": "spatial"})
    predictions = predict(path, picture())
    assert (predictions.kind, predictions.thresholds) == ("spatial", thresholds["spatial"])


def test_what_cannot_be_read_is_named(trained, images):
    (images / "bad.png").write_bytes(b"no picture")
    reason = "this is neither JPEG nor PNG nor DICOM."
    with pytest.warns(UserWarning, match=f"1 of 3 images cannot be read: bad: {reason}"):
        predictions = predict(trained, images)
    assert predictions.left_out == {"bad": reason}
    assert list(predictions.probabilities.index) == ["x", "y"]
    with pytest.raises(GazeError, match="not one of 1 images can be read"):
        predict(trained, images / "bad.png")


@pytest.mark.parametrize(
    ("array", "message"),
    [
        pytest.param(np.zeros((4, 4)), r"array-1 is of float64 and shape \(4, 4\)", id="float"),
        pytest.param(np.zeros((4, 4, 3), np.uint8), r"shape \(4, 4, 3\)", id="colour"),
        pytest.param(np.zeros((0, 4), np.uint8), r"shape \(0, 4\)", id="empty"),
    ],
)
def test_arrays_that_are_no_radiographs(trained, array, message):
    with pytest.raises(ArrayError, match=message):
        predict(trained, array)


def test_what_is_refused(tmp_path, trained):
    save(tmp_path / "array-1.png", picture())
    with pytest.raises(GazeError, match="an image file is named array-1, as is an array"):
        predict(trained, [tmp_path / "array-1.png", picture()])
    with pytest.raises(GazeError, match="there is no picture here"):
        predict(trained, [])
    with pytest.raises(ParamsError, match="draws no map 'saliency'"):
        predict(trained, picture(), kind="saliency")


def test_the_package_offers_it():
    assert set(gazescribe.models.predicting.__all__) == {"Predictions", "predict"}
