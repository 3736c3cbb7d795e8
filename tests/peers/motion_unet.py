"""The motion U-Net of goal-force models in PyTorch: the peer that our network is held against.

A two-dimensional U-Net over the cells of a picture with time in the channels; blocks as in Ho et al. (2020), shift and
scale by the denoising step. Parameter names are those of the initialisers of an exported ONNX file.
"""

import math

import torch
from torch import nn
from torch.nn import functional

SIDE = 16


class Residual(nn.Module):
    def __init__(self, inputs, outputs, time, groups):
        super().__init__()
        self.norm1 = nn.GroupNorm(groups, inputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.norm2 = nn.GroupNorm(groups, outputs)
        self.time_gain = nn.Linear(time, outputs)
        self.time_shift = nn.Linear(time, outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.residual_conv = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, x, time):
        hidden = self.norm2(self.conv1(functional.silu(self.norm1(x))))
        hidden = hidden * self.time_gain(time)[:, :, None, None] + self.time_shift(time)[:, :, None, None]
        return self.residual_conv(x) + self.conv2(functional.silu(hidden))


class Attention(nn.Module):
    def __init__(self, channels, heads, groups):
        super().__init__()
        self.heads = heads
        self.norm = nn.GroupNorm(groups, channels)
        self.query, self.key, self.value, self.projection = (nn.Conv2d(channels, channels, 1) for _ in range(4))

    def forward(self, x):
        normal = self.norm(x)
        # batch x heads x cells x width
        query, key, value = (part(normal).unflatten(1, (self.heads, -1)).flatten(3).transpose(2, 3)
                             for part in (self.query, self.key, self.value))
        seen = functional.scaled_dot_product_attention(query, key, value)
        return x + self.projection(seen.transpose(2, 3).flatten(1, 2).unflatten(2, x.shape[2:]))


class MotionUnet(nn.Module):
    def __init__(self, inputs, outputs, widths, heads, groups):
        super().__init__()
        self.first = widths[0]
        time = 2 * self.first
        self.time_mlp = nn.ModuleDict({"0": nn.Linear(self.first, time), "2": nn.Linear(time, time)})
        self.stem = nn.Conv2d(inputs, self.first, 3, padding=1)
        last = len(widths) - 1
        self.downs = nn.ModuleList()
        for level, width in enumerate(widths):
            parts = {"0": Residual(width, width, time, groups), "1": Residual(width, width, time, groups)}
            if level > 0:
                parts["2"] = Attention(width, heads, groups)
            if level < last:
                parts["3"] = nn.Conv2d(width, widths[level + 1], 2, stride=2)
            self.downs.append(nn.ModuleDict(parts))
        self.mid = nn.ModuleList([Residual(widths[last], widths[last], time, groups)])
        self.ups = nn.ModuleList()
        for level in reversed(range(last)):
            width = widths[level]
            parts = {
                "0": nn.ConvTranspose2d(widths[level + 1], width, 2, stride=2),
                "1": Residual(2 * width, width, time, groups),
                "2": Residual(width, width, time, groups),
            }
            if level > 0:
                parts["3"] = Attention(width, heads, groups)
            self.ups.append(nn.ModuleDict(parts))
        self.head = nn.ModuleDict({"0": nn.GroupNorm(groups, self.first), "2": nn.Conv2d(self.first, outputs, 3, padding=1)})

    def forward(self, sample, timestep, scene):
        half = self.first // 2
        frequencies = torch.exp(-math.log(10_000) / (max(half, 2) - 1) * torch.arange(half, dtype=torch.float32))
        angles = timestep[:, None].float() * frequencies
        embedded = torch.cat([angles.sin(), angles.cos()], 1)
        time = functional.silu(self.time_mlp["2"](functional.silu(self.time_mlp["0"](embedded))))
        x = self.stem(torch.cat([sample, scene], 1).unflatten(2, (SIDE, SIDE)))
        skips = []
        for level in self.downs:
            x = level["1"](level["0"](x, time), time)
            if "2" in level:
                x = level["2"](x)
            if "3" in level:
                skips.append(x)
                x = level["3"](x)
        x = self.mid[0](x, time)
        for level in self.ups:
            x = torch.cat([level["0"](x), skips.pop()], 1)
            x = level["2"](level["1"](x, time), time)
            if "3" in level:
                x = level["3"](x)
        return self.head["2"](functional.silu(self.head["0"](x))).flatten(2)
