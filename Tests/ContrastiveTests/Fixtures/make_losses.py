"""Writes losses.json: every loss and head of the module computed by PyTorch, with all gradients, for LossTwinTests.

    pip install torch && python make_losses.py

The losses are written as in the public code of their papers where there is some.  Inputs are rounded to three digits and
to single precision, everything else is computed in double precision: the differences that the test finds are the
rounding errors of the package alone.  Images are stored channels-last, weights in PyTorch's layout.
"""

import json
import pathlib

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(5)
torch.set_default_dtype(torch.float64)
BATCH, DIMENSION, COUNT = 6, 8, 11
cases = {}


def rounded(tensor):
    return (tensor * 1000).round().div(1000).float().double()


def draw(*shape):
    return rounded(torch.randn(*shape)).requires_grad_()


def stored(tensor, inputs=False):
    tensor = tensor.detach()
    digits = (lambda x: round(x, 3)) if inputs else (lambda x: float(f"{x:.9g}"))
    return {"shape": list(tensor.shape), "values": [digits(x) for x in tensor.flatten().tolist()]}


def channels_last(tensor):
    return tensor.permute(0, 2, 3, 1).contiguous()


def units(count):
    """Unit features in single precision, as they are handed over; nine digits keep all of their bits."""
    return F.normalize(torch.randn(count, DIMENSION), dim=1).float().double()


def module_with_rounded_weights(module):
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(rounded(parameter + 0.1 * torch.randn_like(parameter)))
    return module.double()


def case(name, loss, inputs=None, constants=None, weights=None, results=None, images=()):
    """Stores a loss, and its gradients by every input and weight."""
    inputs, constants, results = inputs or {}, constants or {}, results or {}
    named = dict(weights.named_parameters()) if isinstance(weights, nn.Module) else weights or {}
    first = {key: stored(value, inputs=True) for key, value in named.items()}
    loss.backward()
    gradients = {key: value.grad for key, value in {**inputs, **named}.items()}
    last = lambda key, value: channels_last(value) if key in images else value
    cases[name] = {
        "loss": float(f"{loss.item():.12g}"),
        "inputs": {key: stored(last(key, value), inputs=True) for key, value in inputs.items()},
        "constants": {key: stored(last(key, value)) for key, value in constants.items()},
        "weights": first,
        "gradients": {key: stored(last(key, value)) for key, value in gradients.items()},
        "results": {key: stored(last(key, value)) for key, value in results.items()},
    }
    print(f"{name:22} {loss.item():.6f}")


# SimCLR, and FedCA on top of it


def nt_xent(first, second, temperature, negatives=None):
    z = F.normalize(torch.cat([first, second]), dim=1)
    logits = (z @ z.T).masked_fill(torch.eye(len(z), dtype=torch.bool), float("-inf"))
    if negatives is not None:
        logits = torch.cat([logits, z @ negatives.T], dim=1)
    return F.cross_entropy(logits / temperature, torch.arange(len(z)).roll(len(first)))


first, second = draw(BATCH, DIMENSION), draw(BATCH, DIMENSION)
case("ntXent", nt_xent(first, second, 0.1), {"first": first, "second": second})

first, second, features = draw(BATCH, DIMENSION), draw(BATCH, DIMENSION), draw(4, 5)
dictionary, base = units(COUNT), rounded(torch.randn(4, 5))
case(
    "fedCA",
    nt_xent(first, second, 0.1, dictionary) + 0.01 * F.mse_loss(features, base),
    {"first": first, "second": second, "features": features},
    {"dictionary": dictionary, "base": base},
)

# Local contrastive learning: an ordered pair at a time

first, second = draw(BATCH, DIMENSION), draw(BATCH, DIMENSION)
partitions = torch.tensor([0, 1, 2, 0, 1, 0])
z, tags = F.normalize(torch.cat([first, second]), dim=1), partitions.repeat(2)
views = []
for i in range(len(z)):
    negatives = torch.logsumexp(z[tags != tags[i]] @ z[i] / 0.1, dim=0)
    pairs = [z[j] @ z[i] / 0.1 for j in range(len(z)) if j != i and tags[j] == tags[i]]
    views.append(torch.stack([torch.logaddexp(score, negatives) - score for score in pairs]).mean())
case(
    "partitionContrastive",
    torch.stack(views).mean(),
    {"first": first, "second": second},
    {"partitions": partitions.double()},
)

# MoCo

queries, keys, queue = draw(BATCH, DIMENSION), units(BATCH), units(COUNT)
q = F.normalize(queries, dim=1)
logits = torch.cat([torch.einsum("nc,nc->n", q, keys)[:, None], torch.einsum("nc,kc->nk", q, queue)], dim=1)
case(
    "moCo",
    F.cross_entropy(logits / 0.2, torch.zeros(BATCH, dtype=torch.long)),
    {"queries": queries},
    {"keys": keys, "queue": queue},
)

# SwAV, with and without a queue


@torch.no_grad()
def sinkhorn(scores):
    q = torch.exp(scores / 0.05).t()
    prototypes, samples = q.shape
    q /= q.sum()
    for _ in range(3):
        q /= q.sum(dim=1, keepdim=True)
        q /= prototypes
        q /= q.sum(dim=0, keepdim=True)
        q /= samples
    return (q * samples).t()


for name, queue in [("swAV", units(0)), ("swAVWithQueue", units(COUNT))]:
    first, second, weight = draw(BATCH, DIMENSION), draw(BATCH, DIMENSION), draw(7, DIMENSION)
    with torch.no_grad():
        unit = F.normalize(weight, dim=1).float().double()
    unit.requires_grad_()
    scores = [F.normalize(view, dim=1) @ unit.t() for view in (first, second)]
    codes = [sinkhorn(torch.cat([score.detach(), queue @ unit.t().detach()]))[:BATCH] for score in scores]
    loss = -sum(
        (codes[own] * F.log_softmax(scores[1 - own] / 0.1, dim=1)).sum(dim=1).mean() for own in (0, 1)
    ) / 2
    case(
        name,
        loss,
        {"first": first, "second": second},
        {"queue": queue, "prototypes": unit},
        results={"codes": codes[0]},
    )
    cases[name]["gradients"]["head.prototypes.weight"] = stored(unit.grad)

# BYOL with its predictor, both ways


def regression(predictions, targets):
    return (2 - 2 * (F.normalize(predictions, dim=-1) * F.normalize(targets, dim=-1)).sum(dim=-1)).mean()


predictor = module_with_rounded_weights(
    nn.Sequential(
        nn.Linear(DIMENSION, 4 * DIMENSION), nn.BatchNorm1d(4 * DIMENSION), nn.ReLU(),
        nn.Linear(4 * DIMENSION, DIMENSION),
    )
)
first, second = draw(BATCH, DIMENSION), draw(BATCH, DIMENSION)
targets = [rounded(torch.randn(BATCH, DIMENSION)) for _ in range(2)]
case(
    "byol",
    regression(predictor(first), targets[1]) + regression(predictor(second), targets[0]),
    {"first": first, "second": second},
    {"firstTargets": targets[0], "secondTargets": targets[1]},
    predictor,
    {"1.running_mean": predictor[1].running_mean, "1.running_var": predictor[1].running_var},
)

# Rotations

head = module_with_rounded_weights(nn.Linear(3, 4))
images, features = rounded(torch.randn(2, 3, 5, 5)), draw(8, 3, 2, 4)
copies = torch.cat([torch.rot90(images, turns, dims=(2, 3)) for turns in range(4)])
case(
    "rotation",
    F.cross_entropy(head(features.mean(dim=(2, 3))), torch.arange(4).repeat_interleave(2)),
    {"features": features},
    {"images": images},
    head,
    {"copies": copies},
    images=("features", "images", "copies"),
)

# Reconstruction


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.add_module("0", nn.ConvTranspose2d(8, 4, 2, stride=2))
        self.add_module("1", nn.ConvTranspose2d(4, 2, 2, stride=2))
        self.last = nn.Conv2d(2, 1, 1)

    def forward(self, x):
        for step in ("0", "1"):
            x = F.relu(self.get_submodule(step)(x))
        return self.last(x)


decoder = module_with_rounded_weights(Decoder())
features, images = draw(2, 8, 3, 2), rounded(torch.rand(2, 1, 12, 8))
mask = torch.rand(2, 1, 6, 4).round().repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
drawing = decoder(features)
case(
    "reconstruction",
    F.mse_loss(drawing[mask == 1], images[mask == 1]),
    {"features": features},
    {"images": images, "mask": mask},
    decoder,
    {"drawing": drawing},
    images=("features", "images", "mask", "drawing"),
)

# FCL+


def graded(queries, tags, volumes, keys, bank, bank_tags, own_count, temperature=0.1, spread=0.5):
    def distance(first, second):
        position = lambda tag: (tag % 64 + 0.5) / 64
        return (position(first)[:, None] - position(second)[None, :]).abs()

    def attraction(first, second):
        weight = torch.exp(-distance(first, second) ** 2 / (2 * 0.08**2))
        weight = torch.where(weight < 0.05, torch.zeros_like(weight), weight)
        return torch.where((first < 64)[:, None] == (second < 64)[None, :], weight, weight / 2)

    repulsion = 1 - torch.exp(-distance(tags, bank_tags) ** 2 / (2 * 0.16**2))
    q = F.normalize(queries, dim=1)

    def term(positives, attracting, negatives, repelling):
        near = (q @ positives.T / temperature).exp()
        far = (repelling * (q @ negatives.T / temperature).exp()).sum(dim=1, keepdim=True)
        losses = -(attracting * (near / (near + far)).log()).sum(dim=1)
        return losses / attracting.sum(dim=1).clamp(min=1e-300)

    others = torch.cat([keys, bank[own_count:]])
    other_tags = torch.cat([tags, bank_tags[own_count:]])
    is_other = torch.cat([volumes[:, None] != volumes[None, :], torch.ones(len(tags), len(bank) - own_count) == 1], dim=1)
    near_others = (is_other & (distance(tags, other_tags) < 0.15)).double()
    losses = (
        term(keys, attraction(tags, tags), bank, repulsion)
        + term(bank, attraction(tags, bank_tags), bank, repulsion)
        + spread * term(keys, torch.eye(len(tags)), others, near_others)
    )
    return losses.mean()


queries, keys, bank = draw(BATCH, DIMENSION), units(BATCH), units(COUNT)
tags = torch.tensor([3, 40, 70, 5, 44, 100])
volumes = torch.tensor([0, 0, 1, 1, 2, 2])
bank_tags = torch.tensor([2, 64, 20, 60, 127, 4, 1, 66, 80, 12, 3])
case(
    "graded",
    graded(queries, tags, volumes, keys, bank, bank_tags, own_count=5),
    {"queries": queries},
    {"keys": keys, "bank": bank, "tags": tags, "volumes": volumes, "bankTags": bank_tags},
)

file = pathlib.Path(__file__).parent / "losses.json"
file.write_text(json.dumps(cases, separators=(",", ":")).replace('},"', '},\n"') + "\n")
file.chmod(0o644)
print(file.stat().st_size, "bytes")
