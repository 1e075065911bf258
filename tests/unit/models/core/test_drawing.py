import torch

from gazescribe.models.core.drawing import draw_batch, is_placed, join_placed
from gazescribe.pipeline.geometry.letterbox import Letterbox
from gazescribe.pipeline.geometry.moving import placed_ellipses
from gazescribe.pipeline.geometry.placed import MAP

FRAME = Letterbox.fit((32, 32), None)
LEFT, RIGHT = (0.0, 0.0, 16.0, 32.0), (16.0, 0.0, 32.0, 32.0)
CPU = torch.device("cpu")


def ellipses(*boxes_by_map):
    """An item whose maps have one ellipse each, or none."""
    rows = placed_ellipses([box for box in boxes_by_map if box], FRAME, torch.eye(2, 3).numpy())
    rows[:, MAP] = [number for number, box in enumerate(boxes_by_map) if box]
    return {"ellipses": torch.from_numpy(rows)}


def test_each_item_has_its_own_maps():
    items = [ellipses(LEFT, None), ellipses(None, None), ellipses(RIGHT, LEFT)]
    assert all(map(is_placed, items))
    batch = join_placed(items, 2)
    assert batch["ellipses"][:, MAP].tolist() == [0, 4, 5]
    assert items[2]["ellipses"][:, MAP].tolist() == [0, 1]
    maps = draw_batch(batch, (3, 2, 32, 32), CPU)
    assert maps.dtype == torch.float16
    left, right = (maps[..., half].amax(dim=(2, 3)) for half in (slice(16), slice(16, 32)))
    assert left.tolist() == [[1, 0], [0, 0], [0, 1]]
    assert right.tolist() == [[0, 0], [0, 0], [1, 0]]


def test_items_without_anything_to_draw():
    assert join_placed([{"image": torch.zeros(1)}], 2) == {}
    assert not is_placed({"image": torch.zeros(1)})
    assert not draw_batch({}, (1, 2, 4, 4), CPU).any()
