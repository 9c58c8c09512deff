"""The loss and the weak views of Sources/Contrastive, on whole batches."""

import math

import torch
import torch.nn.functional as F


def fcl_loss(z, partitions, keys, key_partitions, bank, bank_partitions, temperature=0.1):
    """Eqs. (3) to (5) with the negatives of other partitions; see FCLLoss.swift. z: [batch, dimension]."""
    q = F.normalize(z.float())
    to_keys = q @ keys.T / temperature
    to_bank = q @ bank.T / temperature
    local = partitions[:, None] == key_partitions[None, :]
    remote = partitions[:, None] == bank_partitions[None, :]
    negatives = torch.logsumexp(to_bank.masked_fill(remote, -math.inf), dim=1, keepdim=True)
    l_local = (F.softplus(negatives - to_keys) * local).sum(1) / local.sum(1)
    l_remote = (F.softplus(negatives - to_bank) * remote).sum(1) / remote.sum(1).clamp(min=1)
    return (l_local + l_remote).mean()


def weak_views(images):
    """Augmentation.weak: rotation, scale, translation in one bilinear map; contrast, brightness, gamma, noise.

    images: [batch, 1, height, width].
    """
    count = images.shape[0]

    def uniform(low, high):
        return torch.empty(count).uniform_(low, high)

    def log_uniform(low, high):
        return torch.exp(uniform(math.log(low), math.log(high)))

    angle, scale = uniform(-15, 15) * (math.pi / 180), log_uniform(0.85, 1.2)
    cosine, sine = torch.cos(angle) / scale, torch.sin(angle) / scale
    down, across = 2 * uniform(-0.06, 0.06), 2 * uniform(-0.06, 0.06)
    matrix = torch.stack(
        [torch.stack([cosine, sine, across], dim=1), torch.stack([-sine, cosine, down], dim=1)], dim=1
    )
    grid = F.affine_grid(matrix, list(images.shape), align_corners=False)
    views = F.grid_sample(images, grid, mode="bilinear", padding_mode="zeros", align_corners=False)

    def each(values):
        return values.view(count, 1, 1, 1)

    contrast, brightness = each(log_uniform(0.8, 1.25)), each(uniform(-0.1, 0.1))
    offset = views.mean(dim=(1, 2, 3), keepdim=True) * (1 - contrast) + brightness
    views = views.mul_(contrast).add_(offset).clamp_(min=0)
    views = views.pow_(each(log_uniform(0.8, 1.25)))
    return views.addcmul_(torch.randn_like(views), each(uniform(0, 0.02)))


def random_features(count, dimension):
    """Unit features of four partitions in turn."""
    return F.normalize(torch.randn(count, dimension)), torch.arange(count) % 4
