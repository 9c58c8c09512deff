"""Writes optimizers.safetensors: what torch.optim makes of ten given gradients, for OptimizerTests.

    pip install torch safetensors && python make_optimizers.py
"""

import pathlib

import torch
from safetensors.torch import save_file

torch.manual_seed(7)
start = torch.randn(37)
# Gradients of very different sizes, one of them zero: Adam divides by their scale.
gradients = torch.randn(10, 37) * torch.logspace(-4, 2, 37)
gradients[:, 5] = 0

optimizers = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.01),
    "sgd-momentum": lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9),
    "sgd-nesterov-decay": lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9, weight_decay=0.1, nesterov=True),
    "adam": lambda p: torch.optim.Adam(p, lr=0.01),
    "adam-decay": lambda p: torch.optim.Adam(p, lr=0.01, betas=(0.8, 0.99), eps=1e-6, weight_decay=0.1),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=0.1),
}
tensors = {"start": start, "gradients": gradients}
for name, make in optimizers.items():
    x = torch.nn.Parameter(start.clone())
    optimizer = make([x])
    path = []
    for gradient in gradients:
        x.grad = gradient.clone()
        optimizer.step()
        path.append(x.detach().clone())
    tensors[name] = torch.stack(path)

x = torch.nn.Parameter(start.clone())
x.grad = gradients[0].clone()
tensors["norm"] = torch.nn.utils.clip_grad_norm_([x], max_norm=2.0)
tensors["clipped"] = x.grad


def rates(make):
    optimizer = torch.optim.SGD([torch.nn.Parameter(start.clone())], lr=0.1)
    schedule = make(optimizer)
    result = []
    for _ in range(25):
        result.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return torch.tensor(result)


lr = torch.optim.lr_scheduler
full = rates(lambda o: lr.CosineAnnealingLR(o, T_max=20, eta_min=0.001))
tensors["cosine"] = torch.cat([full[:20], torch.full((5,), 0.001)])
tensors["polynomial"] = rates(lambda o: lr.PolynomialLR(o, total_iters=20, power=0.9))
tensors["warm-up"] = rates(
    lambda o: lr.SequentialLR(
        o,
        [lr.LinearLR(o, start_factor=0.25, total_iters=3), lr.PolynomialLR(o, total_iters=20, power=0.9)],
        milestones=[4],
    )
)
save_file(tensors, pathlib.Path(__file__).parent / "optimizers.safetensors")
