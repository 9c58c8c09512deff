"""Writes the files that SafetensorsTests reads, with the reference implementation.

    pip install torch safetensors && python make_safetensors.py
"""

import pathlib

import torch
from safetensors.torch import save_file

here = pathlib.Path(__file__).parent

# Only what this package writes: a file read and written again must have the same bytes.
save_file(
    {
        "outc.conv.weight": torch.arange(6, dtype=torch.float32).reshape(3, 2, 1, 1) / 7,
        "outc.conv.bias": torch.tensor([float("nan"), float("-inf"), -0.0]),
        "inc.double_conv.1.num_batches_tracked": torch.tensor(9007199254740993),
        "scalar": torch.tensor(1e-42),
        "empty": torch.zeros(0, 3),
        'quo"te\\ \n\u0001 é': torch.tensor([1.5]),
    },
    here / "written.safetensors",
    metadata={"format": "pt"},
)

# Every type that this package reads. The values are exact in each type.
types = [
    torch.bool, torch.uint8, torch.int8, torch.int16, torch.uint16, torch.float16, torch.bfloat16, torch.int32,
    torch.uint32, torch.float32, torch.float64, torch.int64, torch.uint64,
]
save_file(
    {
        str(dtype).removeprefix("torch."): torch.tensor([[0, 1], [1, 1]], dtype=dtype)
        if dtype == torch.bool
        else torch.tensor([[0, 1], [2, 100]], dtype=dtype) * (-1 if dtype.is_signed else 1)
        for dtype in types
    },
    here / "types.safetensors",
)
