import numpy as np

from gazescribe.models.mil.items import joined
from gazescribe.models.mil.readings import reading_items
from gazescribe.models.mil.supervision import WORDS
from tests.unit.models.mil.mil_cases import World, index_of


def test_joined_lists_keep_order_and_counts(tmp_path):
    world = World(tmp_path)
    for name in ("R1", "R2", "R3"):
        world.reading(name, 99_000_001, said="Edema")
    inputs = world.write()
    items = reading_items(inputs, WORDS["gaze"], index_of(inputs), "train")
    whole = joined(
        [items.take(np.array([2, 0]), "not wanted"), items.take(items.labels[:, 0] < 0, "no")]
    )
    assert whole.reading_id.tolist() == ["R3", "R1"]
    assert whole.left_out == {"not wanted": 1, "no": 3}
