"""Writes training.safetensors: a U-Net trained by PyTorch for ten steps, for TrainingTwinTests.

    pip install torch safetensors && python make_training.py

Everything is computed in double precision and stored in single precision: the differences that the test finds are the
rounding errors of the package alone.  `start.`, `gradient.` and the statistics bear the names of the state_dict.
"""

import pathlib

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn

WIDTH, DEPTH, CLASSES = 3, 4, 3
BATCH, HEIGHT, WIDTH_OF_IMAGE = 2, 32, 48


class DoubleConvolution(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.double_conv = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
        )

    def forward(self, x):
        return self.double_conv(x)


class Down(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.maxpool_conv = nn.Sequential(nn.MaxPool2d(2), DoubleConvolution(inputs, outputs))

    def forward(self, x):
        return self.maxpool_conv(x)


class Up(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.up = nn.ConvTranspose2d(inputs, outputs, 2, stride=2)
        self.conv = DoubleConvolution(2 * outputs, outputs)

    def forward(self, x, skip):
        return self.conv(torch.cat([skip, self.up(x)], dim=1))


class Out(nn.Module):
    def __init__(self, inputs, classes):
        super().__init__()
        self.conv = nn.Conv2d(inputs, classes, 1)

    def forward(self, x):
        return self.conv(x)


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.inc = DoubleConvolution(1, WIDTH)
        for level in range(1, DEPTH + 1):
            width = WIDTH << level
            self.add_module(f"down{level}", Down(width // 2, width))
        for step in range(1, DEPTH + 1):
            width = WIDTH << (DEPTH - step)
            self.add_module(f"up{step}", Up(2 * width, width))
        self.outc = Out(WIDTH, CLASSES)

    def forward(self, x):
        features = [self.inc(x)]
        for level in range(1, DEPTH + 1):
            features.append(getattr(self, f"down{level}")(features[-1]))
        x = features.pop()
        for step in range(1, DEPTH + 1):
            x = getattr(self, f"up{step}")(x, features.pop())
        return self.outc(x)


def train(start, make_optimizer):
    """The network after ten steps, and the loss before each."""
    network = UNet().double()
    network.load_state_dict(start)
    optimizer = make_optimizer(network.parameters())
    losses = []
    for _ in range(10):
        loss = F.cross_entropy(network(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    return network, torch.stack(losses)


torch.manual_seed(11)
rows, columns = torch.meshgrid(torch.arange(HEIGHT), torch.arange(WIDTH_OF_IMAGE), indexing="ij")
images, labels = [], []
for radius, row, column in [(9, 14, 20), (6, 19, 31)]:
    distance = torch.hypot(rows - row + 0.0, columns - column + 0.0)
    label = (distance < radius).long() + (distance < radius / 2).long()
    labels.append(label)
    images.append(torch.tensor([0.1, 0.3, 0.8])[label] + 0.1 * torch.randn(HEIGHT, WIDTH_OF_IMAGE))
images, labels = torch.stack(images)[:, None], torch.stack(labels)

network = UNet()
for name, parameter in network.named_parameters():
    # Scales and shifts that are all 1 and 0 would hide a mistake.
    if parameter.dim() == 1:
        parameter.data += 0.1 * torch.randn(parameter.shape)
start = network.state_dict()
tensors = {"images": images, "labels": labels}
tensors |= {f"start.{name}": value.clone() for name, value in start.items()}

images = images.double()
start = {name: value.double() if value.is_floating_point() else value for name, value in start.items()}
network = network.double()
network.load_state_dict(start)
logits = network(images)
loss = F.cross_entropy(logits, labels)
loss.backward()
tensors |= {"logits": logits, "loss": loss}
tensors |= {f"gradient.{name}": parameter.grad for name, parameter in network.named_parameters()}

for name, make_optimizer in {
    "adam": lambda parameters: torch.optim.Adam(parameters, lr=1e-3),
    "sgd": lambda parameters: torch.optim.SGD(parameters, lr=0.05, momentum=0.9),
}.items():
    trained, losses = train(start, make_optimizer)
    tensors[f"{name}.losses"] = losses
    tensors |= {f"{name}.{key}": value for key, value in trained.state_dict().items() if "running" in key}
    tensors[f"{name}.inference"] = trained.eval()(images)
    print(name, [round(loss.item(), 4) for loss in losses])

file = pathlib.Path(__file__).parent / "training.safetensors"
save_file(
    {
        name: value.detach().float().contiguous() if value.is_floating_point() else value
        for name, value in tensors.items()
        if not name.endswith("num_batches_tracked")
    },
    file,
    metadata={"format": "pt"},
)
file.chmod(0o644)
print(file.stat().st_size, "bytes")
