"""Writes operations.safetensors: what PyTorch makes of operations and of their gradients, for OperationTwinTests.

    pip install torch safetensors && python make_operations.py

Images are channels-last in this package, so theirs are turned before and after the operation.
"""

import pathlib

import torch
from safetensors.torch import save_file
from torch.nn import functional

torch.manual_seed(11)
a = torch.randn(2, 3, 4)
b = 1 + torch.rand(3, 1)
images = torch.randn(2, 3, 5, 4)
scale, shift = torch.randn(4), torch.randn(4)


def channels_first(operation):
    return lambda x: operation(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)


operations = {
    "add": ([a, b], lambda x, y: x + y),
    "subtract": ([b, a], lambda x, y: x - y),
    "multiply": ([a, b], lambda x, y: x * y),
    "divide": ([a, b], lambda x, y: x / y),
    "sum": ([a], lambda x: x.sum(dim=(0, 2))),
    "mean": ([a], lambda x: x.mean(dim=1, keepdim=True)),
    "variance": ([a], lambda x: x.var(dim=(1, 2), correction=0)),
    "maximum": ([a], lambda x: x.max(dim=1).values),
    "minimum": ([a], lambda x: x.min(dim=-1, keepdim=True).values),
    "permute": ([a], lambda x: x.permute(2, 0, 1)),
    "transpose": ([a], lambda x: x.transpose(-1, -2)),
    "concatenate": ([a, a[:, :1]], lambda x, y: torch.cat([x, y], dim=1)),
    "stack": ([a, 2 * a], lambda x, y: torch.stack([x, y], dim=-1)),
    "slice": ([a], lambda x: x[:, 1:3]),
    "select": ([a, b], lambda x, y: torch.where(x > y, x * x, y)),
    "sigmoid": ([3 * a], torch.sigmoid),
    "tanh": ([3 * a], torch.tanh),
    "gelu": ([3 * a], functional.gelu),
    "silu": ([3 * a], functional.silu),
    "layer-norm": ([a, scale, shift], lambda x, w, v: functional.layer_norm(x, (4,), w, v)),
    "nearest": ([images], channels_first(lambda x: functional.interpolate(x, scale_factor=3, mode="nearest"))),
    "bilinear": ([images], channels_first(lambda x: functional.interpolate(x, scale_factor=3, mode="bilinear"))),
}
tensors = {}
for name, (inputs, operation) in operations.items():
    inputs = [x.clone().requires_grad_() for x in inputs]
    result = operation(*inputs)
    upstream = torch.randn(result.shape)
    result.backward(upstream)
    tensors[f"{name}.result"] = result.detach().contiguous()
    tensors[f"{name}.upstream"] = upstream
    for index, x in enumerate(inputs):
        tensors[f"{name}.input.{index}"] = x.detach().contiguous()
        tensors[f"{name}.gradient.{index}"] = x.grad.contiguous()
tensors["argmax"] = a.argmax(dim=1).to(torch.float32)
save_file(tensors, pathlib.Path(__file__).parent / "operations.safetensors")
