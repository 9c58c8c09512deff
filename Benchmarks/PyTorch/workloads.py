"""One run of each kind of work as a function without arguments: the twins of Benchmarks/Sources/Workloads."""

import contextlib

import torch
import torch.nn.functional as F

from contrastive import fcl_loss, random_features
from network import ContrastiveModel, UNet


def autocast(mode):
    if mode == "bf16":
        return torch.autocast("cpu", dtype=torch.bfloat16)
    return contextlib.nullcontext()


def prepared(model, mode):
    """The model in channels_last, compiled if `mode` says so."""
    model = model.to(memory_format=torch.channels_last)
    return torch.compile(model) if mode == "compile" else model


def adam(model):
    return torch.optim.Adam(model.parameters(), lr=1e-3, weight_decay=1e-4, fused=True)


def random_images(options):
    images = torch.rand(options.batch, 1, options.size, options.size)
    return images.contiguous(memory_format=torch.channels_last)


def encoder_step(options):
    model = prepared(ContrastiveModel(options.width, options.dimension), options.mode).train()
    optimizer = adam(model)
    images = random_images(options)
    keys, partitions = random_features(options.batch, options.dimension)
    bank, bank_partitions = random_features(options.bank or 4096, options.dimension)

    def run():
        optimizer.zero_grad(set_to_none=True)
        with autocast(options.mode):
            z = model(images)
        loss = fcl_loss(z, partitions, keys, partitions, bank, bank_partitions)
        loss.backward()
        optimizer.step()
        return loss.item()

    return run


def unet_step(options):
    model = prepared(UNet(options.width), options.mode).train()
    optimizer = adam(model)
    images = random_images(options)
    labels = torch.randint(0, 4, (options.batch, options.size, options.size))

    def run():
        optimizer.zero_grad(set_to_none=True)
        with autocast(options.mode):
            loss = F.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    return run


def inference(options):
    model = prepared(UNet(options.width), options.mode).eval()
    images = random_images(options)

    def run():
        with torch.inference_mode(), autocast(options.mode):
            return model(images)

    return run
