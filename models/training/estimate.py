"""How much memory of a device a run needs, told before it is trained.

A step of training is gone through on torch's `meta` device, where tensors have sizes and no
content: what it holds at most is counted, storage by storage. Weights, gradients and the states of
the optimiser follow from the parameters. What a GPU needs beside tensors is not known to torch
without one; a stated allowance stands for it.
"""

import weakref
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.graph import _engine_run_backward
from torch.nn import functional
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from gazescribe.models.core.loaders import Tensors

CONTEXT = 2**30
"""Bytes for CUDA's context and the workspaces of cuBLAS and cuDNN; not measured here."""
FRAGMENTED = 0.1
"""Share of all tensors that the allocator holds beside them; likewise."""
IN_HALF = {functional.conv2d, functional.linear, Tensor.matmul, Tensor.__matmul__}
"""What autocast computes in 16 bit, of all that the networks do."""


@dataclass(frozen=True)
class Estimate:
    """Bytes of a device's memory that a run needs.

    Attributes
    ----------
    weights, gradients, optimiser : int
        Parameters and buffers; gradients of what is trained; states of the optimiser.
    batch : int
        A batch on the device.
    activations : int
        What the forward pass leaves for the backward pass; with mixed precision also the copies
        of the weights in 16 bit.
    working : int
        What either pass holds beyond all of these, at most.
    """

    weights: int
    gradients: int
    optimiser: int
    batch: int
    activations: int
    working: int

    @property
    def allowance(self) -> int:
        """What is added for all that is no tensor."""
        return CONTEXT + round(FRAGMENTED * self._tensors)

    @property
    def total(self) -> int:
        """All of it."""
        return self._tensors + self.allowance

    @property
    def _tensors(self) -> int:
        passing = self.batch + self.activations + self.working
        return self.weights + self.gradients + self.optimiser + passing


class LiveMemory(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch's
    """Counts the bytes of the storages that are made in it, while they live.

    `held` are those that live, `peak` the most so far. Storages of `outside` are not counted.
    """

    def __init__(self, outside: list[Tensor]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch's
        self.held = self.peak = 0
        self._storages: dict[int, weakref.ref[Any]] = {}
        for tensor in outside:
            self._add(tensor, counted=False)

    def __torch_dispatch__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: Any = (),
        kwargs: Any = None,
    ) -> Any:
        """Compute what is asked for, and count what that made."""
        output = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(output):
            if isinstance(tensor, Tensor):
                self._add(tensor)
        return output

    def _add(self, tensor: Tensor, *, counted: bool = True) -> None:
        storage = tensor.untyped_storage()
        key = storage._cdata  # noqa: SLF001  its address: `meta` has no data to point to
        size = storage.nbytes() if counted else 0
        if key in self._storages:
            return

        def drop(_: Any) -> None:
            del self._storages[key]
            self.held -= size

        self._storages[key] = weakref.ref(storage, drop)
        self.held += size
        self.peak = max(self.peak, self.held)


class HalfPrecision(TorchFunctionMode):
    """Autocast to 16 bit for the `meta` device, which torch's own does not know."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: Any = (),
        kwargs: Any = None,
    ) -> Any:
        """Compute what is asked for, of 16-bit copies where autocast makes them."""
        if func in IN_HALF:
            args = [
                value.half() if isinstance(value, Tensor) and value.is_floating_point() else value
                for value in args
            ]
        return func(*args, **(kwargs or {}))


def estimate_step(
    module: nn.Module,
    batch_of: Callable[[], Tensors],
    loss_of: Callable[[Tensors], Tensor],
    *,
    precision: str,
    n_states: int,
) -> Estimate:
    """Go through a step of training on the `meta` device.

    `module` lies there, `batch_of` makes a batch there, `n_states` are those that the optimiser
    keeps of each parameter. A loss without gradient is not gone back through.
    """
    trained = [weight for weight in module.parameters() if weight.requires_grad]
    weights = [*module.parameters(), *module.buffers()]
    # They are there from the second step on; what is added to them is made beside.
    gradients = [torch.empty_like(weight) for weight in trained]
    for weight, gradient in zip(trained, gradients, strict=True):
        weight.grad = gradient
    autocast = HalfPrecision() if precision != "32" else nullcontext()
    with LiveMemory([*weights, *gradients]) as live, autocast:
        batch = batch_of()
        n_batch = live.held
        loss = loss_of(batch)
        activations = live.held - n_batch
        if loss.requires_grad:
            _go_back(loss)
    for weight in trained:
        weight.grad = None
    return Estimate(
        weights=_bytes(weights),
        gradients=_bytes(gradients),
        optimiser=n_states * _bytes(gradients),
        batch=n_batch,
        activations=activations,
        working=live.peak - n_batch - activations,
    )


def _go_back(loss: Tensor) -> None:
    """Do what `loss.backward()` does, which turns modes off: blocks may be computed again in it."""
    _engine_run_backward(
        (loss,),
        (torch.ones_like(loss),),
        False,  # keep the graph
        False,  # make one of the gradients
        (),
        allow_unreachable=True,
        accumulate_grad=True,
    )


def _bytes(tensors: list[Tensor]) -> int:
    return sum(tensor.nbytes for tensor in tensors)
