"""A network, and pictures for it, on which a run takes a second: what `fit` and `train` ask for."""

import pytorch_lightning as pl
import torch
from torch import nn
from torch.utils.data import Dataset

N = 24


class Items(Dataset):
    """Two-class pictures; what an item is depends on its key (epoch, index)."""

    def __len__(self):
        return N

    def __getitem__(self, key):
        epoch, index = key if isinstance(key, tuple) else (0, key)
        noise = torch.Generator().manual_seed(1000 * epoch + index)
        image = torch.randn(1, 8, 8, generator=noise) + index % 2
        return {"image": image, "labels": torch.tensor(float(index % 2))}


class Small(pl.LightningModule):
    """A network with batch normalisation and dropout; can be made to fail, or to lose its way."""

    def __init__(self, *, fail_at=None, nan_at=None, scores=None, scheduler=False):
        super().__init__()
        self.network = nn.Sequential(
            nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Dropout(0.5), nn.Flatten(), nn.Linear(144, 1)
        )
        self.weight = nn.Parameter(torch.zeros(()))
        self.fail_at, self.nan_at, self.scores, self.scheduler = fail_at, nan_at, scores, scheduler
        self.steps = 0

    def configure_optimizers(self):
        optimizer = torch.optim.Adam(self.parameters(), lr=0.01, amsgrad=True)
        if not self.scheduler:
            return optimizer
        return [optimizer], [torch.optim.lr_scheduler.StepLR(optimizer, 3, gamma=0.5)]

    def _loss(self, batch):
        logits = self.network(batch["image"]).squeeze(1)
        return nn.functional.binary_cross_entropy_with_logits(logits, batch["labels"])

    def training_step(self, batch, batch_idx):
        self.steps += 1
        if (self.current_epoch, batch_idx) == self.fail_at:
            raise RuntimeError("killed")
        loss = self._loss(batch) + self.weight**2
        self.log("train_loss", loss.detach(), on_step=False, on_epoch=True, batch_size=6)
        return loss * (float("nan") if (self.current_epoch, batch_idx) == self.nan_at else 1)

    def validation_step(self, batch, batch_idx):  # noqa: ARG002
        score = self._loss(batch) if self.scores is None else self.scores[self.current_epoch]
        self.log("val_score", score, batch_size=6)
