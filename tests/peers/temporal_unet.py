"""Diffuser's temporal U-Net in PyTorch: the peer that our network is held against.

Written from the published architecture (Janner et al. 2022); parameter names follow its module tree, so
that the initialisers of an exported ONNX file can be loaded as a state dict.
"""

import math

import torch
from torch import nn
from torch.nn import functional


class Block(nn.Module):
    def __init__(self, inputs, outputs, kernel, groups):
        super().__init__()
        self.block = nn.ModuleDict({
            "0": nn.Conv1d(inputs, outputs, kernel, padding=kernel // 2),
            "2": nn.GroupNorm(groups, outputs),
        })

    def forward(self, x):
        return functional.mish(self.block["2"](self.block["0"](x)))


class Residual(nn.Module):
    def __init__(self, inputs, outputs, time, kernel, groups):
        super().__init__()
        self.blocks = nn.ModuleList([Block(inputs, outputs, kernel, groups), Block(outputs, outputs, kernel, groups)])
        self.time_mlp = nn.ModuleDict({"1": nn.Linear(time, outputs)})
        self.residual_conv = nn.Conv1d(inputs, outputs, 1) if inputs != outputs else None

    def forward(self, x, time):
        out = self.blocks[0](x) + self.time_mlp["1"](functional.mish(time))[:, :, None]
        out = self.blocks[1](out)
        return out + (self.residual_conv(x) if self.residual_conv is not None else x)


class Resample(nn.Module):
    def __init__(self, conv):
        super().__init__()
        self.conv = conv

    def forward(self, x):
        return self.conv(x)


class TemporalUnet(nn.Module):
    def __init__(self, columns=6, base=32, multipliers=(1, 4, 8), kernel=5, groups=8):
        super().__init__()
        self.base = base
        widths = [columns] + [base * m for m in multipliers]
        pairs = list(zip(widths[:-1], widths[1:]))
        self.time_mlp = nn.ModuleDict({"1": nn.Linear(base, 4 * base), "3": nn.Linear(4 * base, base)})
        self.downs = nn.ModuleList()
        for index, (inputs, outputs) in enumerate(pairs):
            level = nn.ModuleDict({
                "0": Residual(inputs, outputs, base, kernel, groups),
                "1": Residual(outputs, outputs, base, kernel, groups),
            })
            if index + 1 < len(pairs):
                level["3"] = Resample(nn.Conv1d(outputs, outputs, 3, 2, 1))
            self.downs.append(level)
        middle = widths[-1]
        self.mid_block1 = Residual(middle, middle, base, kernel, groups)
        self.mid_block2 = Residual(middle, middle, base, kernel, groups)
        self.ups = nn.ModuleList()
        for inputs, outputs in reversed(pairs[1:]):
            self.ups.append(nn.ModuleDict({
                "0": Residual(2 * outputs, inputs, base, kernel, groups),
                "1": Residual(inputs, inputs, base, kernel, groups),
                "3": Resample(nn.ConvTranspose1d(inputs, inputs, 4, 2, 1)),
            }))
        self.final_conv = nn.ModuleDict({
            "0": Block(widths[1], widths[1], kernel, groups),
            "1": nn.Conv1d(widths[1], columns, 1),
        })

    def embed(self, timestep):
        half = self.base // 2
        frequencies = torch.exp(torch.arange(half) * -(math.log(10000) / (half - 1)))
        angles = timestep.float()[:, None] * frequencies[None, :]
        hidden = torch.cat([angles.sin(), angles.cos()], dim=1)
        return self.time_mlp["3"](functional.mish(self.time_mlp["1"](hidden)))

    def forward(self, x, timestep):
        x = x.transpose(1, 2)
        time = self.embed(timestep)
        skips = []
        for level in self.downs:
            x = level["1"](level["0"](x, time), time)
            skips.append(x)
            if "3" in level:
                x = level["3"](x)
        x = self.mid_block2(self.mid_block1(x, time), time)
        for level in self.ups:
            x = torch.cat([x, skips.pop()], dim=1)
            x = level["3"](level["1"](level["0"](x, time), time))
        x = self.final_conv["1"](self.final_conv["0"](x))
        return x.transpose(1, 2)


def cosine_alpha_bar(steps, s=0.008):
    """Diffuser's schedule: linspace(0, T + 1, T + 1), betas clipped at 0.999."""
    grid = torch.linspace(0, steps + 1, steps + 1, dtype=torch.float64)
    signal = torch.cos((grid / (steps + 1) + s) / (1 + s) * math.pi / 2) ** 2
    betas = (1 - signal[1:] / signal[:-1]).clamp(0, 0.999)
    return torch.cumprod(1 - betas, 0)


def ddpm_plan(network, alpha_bar, horizon, columns, conditions, generator):
    """Diffuser's sampler: every step of the chain, clean-sample prediction, conditions written each step."""
    steps = len(alpha_bar)
    x = torch.randn(1, horizon, columns, generator=generator)
    first, last = conditions
    with torch.no_grad():
        for t in reversed(range(steps)):
            x[:, 0, 2:], x[:, -1, 2:] = first, last
            clean = network(x, torch.full((1,), t)).clamp(-1, 1)
            bar, before = alpha_bar[t], alpha_bar[t - 1] if t else torch.ones((), dtype=torch.float64)
            alpha = bar / before
            mean = before.sqrt() * (1 - alpha) / (1 - bar) * clean + alpha.sqrt() * (1 - before) / (1 - bar) * x
            x = mean.float()
            if t:
                variance = (1 - before) / (1 - bar) * (1 - alpha)
                x = x + variance.sqrt().float() * torch.randn(x.shape, generator=generator)
        x[:, 0, 2:], x[:, -1, 2:] = first, last
    return x
