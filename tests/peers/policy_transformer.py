"""The policies' network as a PyTorch user would write it: pre-norm blocks, one token per step, causal attention."""

import torch
from torch import nn
from torch.nn import functional


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.attention_norm = nn.LayerNorm(width)
        self.query, self.key, self.value, self.projection = (nn.Linear(width, width) for _ in range(4))
        self.mlp_norm = nn.LayerNorm(width)
        self.expand = nn.Linear(width, 4 * width)
        self.contract = nn.Linear(4 * width, width)

    def forward(self, x):
        batch, steps, width = x.shape
        normal = self.attention_norm(x)
        parts = [layer(normal).view(batch, steps, self.heads, -1).transpose(1, 2) for layer in (self.query, self.key, self.value)]
        seen = functional.scaled_dot_product_attention(*parts, is_causal=True)
        x = x + self.projection(seen.transpose(1, 2).reshape(batch, steps, width))
        return x + self.contract(functional.mish(self.expand(self.mlp_norm(x))))


class PolicyTransformer(nn.Module):
    """History, batch x context x features, in; what the heads say about the newest step out."""

    def __init__(self, features, context, width, layers, heads, outputs):
        super().__init__()
        self.embed = nn.Linear(features, width)
        self.positions = nn.Parameter(torch.zeros(width, context))
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, outputs)

    def forward(self, history):
        x = self.embed(history) + self.positions.T
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))[:, -1]
