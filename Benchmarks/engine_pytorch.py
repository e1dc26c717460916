"""Steps of training in PyTorch with one thread, as `engine` measures ours.

    engine_pytorch.py MODEL BATCH     prints samples per second for each layout of memory, as one JSON object

A step is forward, loss, backward and plain SGD on one batch that stays the same; times are of this process.
"""
import json
import os
import sys
import time

os.environ["OMP_NUM_THREADS"] = "1"

import torch
from torch import nn

from bare_pytorch import network as small_network

SECONDS = 1.5


class Residual(nn.Module):
    """Two 3 x 3 convolutions beside a shortcut, which is a 1 x 1 convolution where the shape changes."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.body = nn.Sequential(
            *convolution(inputs, outputs, 3, stride), nn.ReLU(), *convolution(outputs, outputs, 3))
        same = stride == 1 and inputs == outputs
        self.shortcut = nn.Identity() if same else nn.Sequential(*convolution(inputs, outputs, 1, stride))

    def forward(self, x):
        return nn.functional.relu(self.body(x) + self.shortcut(x))


def convolution(inputs, outputs, kernel, stride=1, groups=1):
    return [
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False), nn.BatchNorm2d(outputs)]


def resnet20():
    layers, inputs = [*convolution(3, 16, 3), nn.ReLU()], 16
    for outputs in (16, 32, 64):
        for block in range(3):
            layers.append(Residual(inputs, outputs, 2 if outputs > 16 and block == 0 else 1))
            inputs = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


def mobilenet(width):
    inputs = int(32 * width)
    layers = [*convolution(3, inputs, 3, 2), nn.ReLU()]
    blocks = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)] + 5 * [(512, 1)] + [(1024, 2), (1024, 1)]
    for channels, stride in blocks:
        outputs = int(channels * width)
        layers += [*convolution(inputs, inputs, 3, stride, inputs), nn.ReLU()]
        layers += [*convolution(inputs, outputs, 1), nn.ReLU()]
        inputs = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, 10))


def subject(name):
    """The model and the shape of a sample."""
    if name == "resnet20":
        return resnet20(), (3, 32, 32)
    if name.startswith("mobilenet_v1_"):
        return mobilenet(float(name.removeprefix("mobilenet_v1_"))), (3, 32, 32)
    return small_network(name), (1, 28, 28)


def samples_per_second(name, batch, layout):
    torch.manual_seed(0)
    model, shape = subject(name)
    model = model.to(memory_format=layout)
    images = torch.rand(batch, *shape).to(memory_format=layout)
    labels = torch.randint(0, 10, (batch,))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

    def step():
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(images), labels).backward()
        optimizer.step()

    for _ in range(3):
        step()
    readings, began = [], time.process_time()
    while len(readings) < 5 or time.process_time() - began < SECONDS:
        start = time.process_time()
        step()
        readings.append(time.process_time() - start)
    return batch / sorted(readings)[len(readings) // 2]


def main():
    name, batch = sys.argv[1], int(sys.argv[2])
    torch.set_num_threads(1)
    layouts = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}
    print(json.dumps({key: samples_per_second(name, batch, layout) for key, layout in layouts.items()}))


if __name__ == "__main__":
    main()
