"""The loop that any PyTorch simulator of FedAvg contains and nothing else: N processes with one thread each.

    bare_pytorch.py WORK ROUNDS PROCESSES     prints client updates per second; the first round is not counted

Weights travel as flat arrays over pipes, the average is NumPy's. WORK: cnn, mlp or logistic, as in `compare`.
"""
import gzip
import sys
import time
from multiprocessing.connection import wait

import numpy
import torch
import torch.multiprocessing as multiprocessing
from torch import nn
from torch.nn.utils import parameters_to_vector, vector_to_parameters

DATA = "/usr/share/datasets/fashion-mnist"
WORKS = {"cnn": (100, 10, 0.05), "mlp": (1000, 100, 0.05), "logistic": (1000, 10, 0.03)}
BATCH = 10


def network(work):
    if work == "logistic":
        return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
    if work == "mlp":
        return nn.Sequential(
            nn.Flatten(), nn.Linear(784, 200), nn.ReLU(), nn.Linear(200, 200), nn.ReLU(), nn.Linear(200, 10))
    return nn.Sequential(
        nn.Conv2d(1, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 5, padding=2), nn.ReLU(),
        nn.MaxPool2d(2), nn.Flatten(), nn.Linear(3136, 512), nn.ReLU(), nn.Linear(512, 10))


def load():
    def read(name, offset):
        with gzip.open(f"{DATA}/{name}") as file:
            return numpy.frombuffer(file.read(), numpy.uint8, offset=offset)

    images = read("train-images-idx3-ubyte.gz", 16).reshape(-1, 1, 28, 28).astype(numpy.float32) / 255
    labels = read("train-labels-idx1-ubyte.gz", 8).astype(numpy.int64)
    return torch.from_numpy(images), torch.from_numpy(labels)


def train(model, images, labels, rate):
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    order = torch.randperm(len(labels))
    for start in range(0, len(order), BATCH):
        batch = order[start:start + BATCH]
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(images[batch]), labels[batch]).backward()
        optimizer.step()


def worker(pipe, work, rate, images, labels, parts):
    torch.set_num_threads(1)
    model = network(work)
    while (message := pipe.recv()) is not None:
        client, flat = message
        vector_to_parameters(torch.from_numpy(flat), model.parameters())
        train(model, images[parts[client]], labels[parts[client]], rate)
        pipe.send((len(parts[client]), parameters_to_vector(model.parameters()).detach().numpy()))


def main():
    work, rounds, processes = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    clients, per_round, rate = WORKS[work]
    torch.set_num_threads(1)
    torch.manual_seed(0)
    images, labels = load()
    images.share_memory_()
    labels.share_memory_()
    parts = numpy.array_split(numpy.random.default_rng(0).permutation(len(labels)), clients)
    pipes = []
    for _ in range(processes):
        ours, theirs = multiprocessing.Pipe()
        multiprocessing.Process(
            target=worker, args=(theirs, work, rate, images, labels, parts), daemon=True).start()
        pipes.append(ours)
    flat = parameters_to_vector(network(work).parameters()).detach().numpy().copy()
    began = 0.0
    for number in range(rounds + 1):
        if number == 1:
            began = time.perf_counter()
        waiting = list(numpy.random.default_rng([0, number]).choice(clients, per_round, replace=False))
        total, weight, busy = numpy.zeros_like(flat), 0, 0
        for pipe in pipes:
            if waiting:
                pipe.send((waiting.pop(), flat))
                busy += 1
        while busy:
            for pipe in wait(pipes):
                count, update = pipe.recv()
                total += count * update
                weight += count
                busy -= 1
                if waiting:
                    pipe.send((waiting.pop(), flat))
                    busy += 1
        flat = total / weight
    print(rounds * per_round / (time.perf_counter() - began))
    for pipe in pipes:
        pipe.send(None)


if __name__ == "__main__":
    main()
