"""The U-Net of milesial/Pytorch-UNet and its encoder with a projection head: the networks of Sources/UNet."""

import torch
from torch import nn

DEPTH = 4


class DoubleConvolution(nn.Sequential):
    def __init__(self, inputs, outputs):
        super().__init__(
            nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
            nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        )


class Encoder(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.first = DoubleConvolution(1, width)
        self.steps = nn.ModuleList(
            nn.Sequential(nn.MaxPool2d(2), DoubleConvolution(width << level, width << (level + 1)))
            for level in range(DEPTH)
        )

    def features(self, x):
        features = [self.first(x)]
        for step in self.steps:
            features.append(step(features[-1]))
        return features

    def forward(self, x):
        return self.features(x)[-1]


class ContrastiveModel(nn.Module):
    """Projections before normalisation: [batch, 1, height, width] → [batch, dimension]."""

    def __init__(self, width, dimension):
        super().__init__()
        self.encoder = Encoder(width)
        channels = width << DEPTH
        self.head = nn.Sequential(nn.Linear(channels, channels), nn.ReLU(inplace=True), nn.Linear(channels, dimension))

    def forward(self, x):
        return self.head(self.encoder(x).mean(dim=(2, 3)))


class UpStep(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.up = nn.ConvTranspose2d(2 * channels, channels, 2, stride=2)
        self.merge = DoubleConvolution(2 * channels, channels)

    def forward(self, x, skip):
        return self.merge(torch.cat([skip, self.up(x)], dim=1))


class UNet(nn.Module):
    """Class scores: [batch, 1, height, width] → [batch, classes, height, width]."""

    def __init__(self, width, classes=4):
        super().__init__()
        self.encoder = Encoder(width)
        self.steps = nn.ModuleList(UpStep(width << level) for level in reversed(range(DEPTH)))
        self.scores = nn.Conv2d(width, classes, 1)

    def forward(self, x):
        *skips, x = self.encoder.features(x)
        for step, skip in zip(self.steps, reversed(skips)):
            x = step(x, skip)
        return self.scores(x)
