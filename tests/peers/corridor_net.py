"""The network of corridor models in PyTorch: the peer that our network is held against.

Patches of a few knots as tokens, residual blocks of convolutions along the path. Parameter names are those of the
initialisers of an exported ONNX file.
"""

from torch import nn
from torch.nn import functional


class AcrossChannels(nn.LayerNorm):
    """Over the channels of batch x channels x tokens."""

    def forward(self, x):
        return super().forward(x.transpose(1, 2)).transpose(1, 2)


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm = AcrossChannels(width)
        self.first = nn.Conv1d(width, width, 3, padding=1)
        self.second = nn.Conv1d(width, width, 3, padding=1)

    def forward(self, x):
        return x + self.second(functional.mish(self.first(self.norm(x))))


class CorridorNet(nn.Module):
    def __init__(self, channels, patch, width, blocks):
        super().__init__()
        self.embed = nn.Conv1d(channels, width, patch, stride=patch)
        self.blocks = nn.ModuleList([Block(width) for _ in range(blocks)])
        self.norm = AcrossChannels(width)
        self.head = nn.Conv1d(width, patch, 1)

    def forward(self, corridor):
        x = self.embed(corridor)
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x)).transpose(1, 2)
