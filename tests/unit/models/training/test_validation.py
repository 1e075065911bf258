import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from gazescribe.models.training.validation import NOTHING_LEARNT, by_epoch, gathered, macro_auroc


def test_macro_auroc_is_that_of_scikit_learn():
    generator = np.random.default_rng(0)
    probability = np.round(generator.random((60, 4)), 1)
    labels = (generator.random((60, 4)) < 0.3).astype(np.float32)
    labels[:, 2] = 0
    labels[:, 3] = 1
    expected = np.mean([roc_auc_score(labels[:, k], probability[:, k]) for k in (0, 1)])
    found, n_labels = macro_auroc(torch.from_numpy(probability), torch.from_numpy(labels))
    assert (found, n_labels) == (pytest.approx(expected), 2)


def test_macro_auroc_of_labels_that_nobody_has():
    found = macro_auroc(torch.rand(5, 2), torch.zeros(5, 2))
    assert found == (NOTHING_LEARNT, 0)


def test_one_process_has_all_rows():
    column = torch.arange(3)
    assert gathered(column) is column
    assert by_epoch(5)["batch_size"] == 5
