"""One round of federated contrastive learning end to end: the twin of FederatedRound.swift."""

import copy
from concurrent.futures import ThreadPoolExecutor

import torch
import torch.nn.functional as F
from torch import nn

from contrastive import fcl_loss, weak_views
from network import ContrastiveModel
from workloads import adam, autocast, prepared

SLICES_OF_VOLUME = 10
PARTITIONS = 4
MOMENTUM = 0.99


class Bank:
    """Features of unit length, first in, first out."""

    def __init__(self, capacity, dimension):
        self.features = torch.zeros(capacity, dimension)
        self.partitions = torch.zeros(capacity, dtype=torch.long)
        self.count = self.next = 0

    def push(self, features, partitions):
        capacity = self.features.shape[0]
        features, partitions = features[-capacity:], partitions[-capacity:]
        rows = (self.next + torch.arange(features.shape[0])) % capacity
        self.features[rows], self.partitions[rows] = features, partitions
        self.next = (self.next + features.shape[0]) % capacity
        self.count = min(capacity, self.count + features.shape[0])

    def contents(self):
        return self.features[: self.count], self.partitions[: self.count]


class Site:
    """A client with random slices, ten of them a volume."""

    def __init__(self, options):
        self.options = options
        self.images = torch.rand(options.slices, 1, options.size, options.size)
        position = torch.arange(options.slices) % SLICES_OF_VOLUME
        self.partitions = position * PARTITIONS // SLICES_OF_VOLUME
        self.bank = Bank(options.bank or options.slices, options.dimension)

    def keys(self, rows, average):
        views = weak_views(self.images[rows]).contiguous(memory_format=torch.channels_last)
        with torch.no_grad(), autocast(self.options.mode):
            return F.normalize(average(views).float())

    def share(self, average):
        batch = self.options.batch
        batches = max(1, (self.options.slices + batch // 2) // batch)
        for rows in torch.randperm(self.options.slices).tensor_split(batches):
            self.bank.push(self.keys(rows, average), self.partitions[rows])
        features, partitions = self.bank.contents()
        return features.clone(), partitions.clone()

    def epoch(self):
        """Batches of one random slice of every partition of `batch / 4` volumes."""
        volumes = self.options.slices // SLICES_OF_VOLUME
        width = min(volumes, self.options.batch // PARTITIONS)
        steps = max(-(-volumes // width), (self.options.slices + self.options.batch // 2) // self.options.batch)
        first = torch.tensor([-(-s * SLICES_OF_VOLUME // PARTITIONS) for s in range(PARTITIONS + 1)])
        order = torch.cat([torch.randperm(volumes) for _ in range(-(-steps * width // volumes))])
        for step in range(steps):
            chosen = order[step * width : (step + 1) * width]
            within = (torch.rand(width, PARTITIONS) * first.diff()).long() + first[:-1]
            yield (chosen[:, None] * SLICES_OF_VOLUME + within).flatten()

    def train(self, main, average, others):
        optimizer = adam(main)
        for rows in self.epoch():
            keys, partitions = self.keys(rows, average), self.partitions[rows]
            queries = weak_views(self.images[rows]).contiguous(memory_format=torch.channels_last)
            sets = [self.bank.contents(), *others]
            features, tags = torch.cat([s[0] for s in sets]), torch.cat([s[1] for s in sets])
            sample = torch.randperm(features.shape[0])[: self.bank.features.shape[0]]
            optimizer.zero_grad(set_to_none=True)
            with autocast(self.options.mode):
                z = main(queries)
            loss = fcl_loss(z, partitions, keys, partitions, features[sample], tags[sample])
            loss.backward()
            if not torch.isfinite(loss):
                raise FloatingPointError("the loss is not finite")
            optimizer.step()
            follow(average, main)
            self.bank.push(keys, partitions)


def state(model):
    """Weights and statistics, which both are averaged."""
    return [v for v in model.state_dict(keep_vars=False).values() if v.is_floating_point()]


def follow(average, main):
    with torch.no_grad():
        torch._foreach_lerp_(state(average), state(main), 1 - MOMENTUM)


class Round:
    def __init__(self, options):
        self.options = options
        self.sites = [Site(options) for _ in range(options.clients)]
        model = ContrastiveModel(options.width, options.dimension)
        self.parameters = [v.clone() for v in state(model)]
        # A pair of models for each client that works at the same time.
        self.workers = max(1, options.clients_in_parallel)
        self.models = [(self.main(model), self.average(model)) for _ in range(self.workers)]

    def main(self, model):
        return prepared(copy.deepcopy(model), self.options.mode).train()

    def average(self, model):
        """Normalises with the statistics of the batch and leaves its own running ones alone."""
        average = copy.deepcopy(model).requires_grad_(False)
        for module in average.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = 0.0
        return prepared(average, self.options.mode).train()

    def run(self):
        self.round(self.sites)

    def warm_up(self):
        kept = self.parameters
        self.round(self.sites[: self.workers])
        self.parameters = kept

    def round(self, sites):
        def load(model):
            with torch.no_grad():
                torch._foreach_copy_(state(model), self.parameters)

        def share(site, worker):
            average = self.models[worker][1]
            load(average)
            return site.share(average)

        shares = self.each(sites, share)

        def train(site, worker):
            main, average = self.models[worker]
            load(main)
            load(average)
            others = [share for other, share in zip(sites, shares) if other is not site]
            site.train(main, average, others)
            return [v.clone() for v in state(main)]

        updates = self.each(sites, train)
        mean = [v.clone() for v in updates[0]]
        for update in updates[1:]:
            torch._foreach_add_(mean, update)
        torch._foreach_div_(mean, len(updates))
        self.parameters = mean

    def each(self, sites, work):
        """Calls work(site, worker) for every site, on one thread each where several work at the same time."""
        if self.workers == 1:
            return [work(site, 0) for site in sites]

        def some(worker):
            torch.set_num_threads(1)
            torch.set_flush_denormal(True)
            return [work(site, worker) for site in sites[worker :: self.workers]]

        with ThreadPoolExecutor(self.workers) as pool:
            results = list(pool.map(some, range(self.workers)))
        return [results[index % self.workers][index // self.workers] for index in range(len(sites))]
