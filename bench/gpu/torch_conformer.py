"""The Conformer of model/ in PyTorch, with or without a decoder: the same parameter names, dropout in the same places, the same joint loss."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Conv2dSubsampling(nn.Module):
    """Two 3x3 convolutions of stride 2 with ReLU over time and frequency, then a linear map: a quarter of the frames."""

    def __init__(self, input_dim: int, channels: int, dim: int):
        super().__init__()
        self.conv = nn.Sequential(nn.Conv2d(1, channels, 3, 2), nn.ReLU(), nn.Conv2d(channels, channels, 3, 2), nn.ReLU())
        self.out = nn.Sequential(nn.Linear(channels * subsampled_length(input_dim), dim))

    def forward(self, features: Tensor) -> Tensor:
        image = self.conv(features.unsqueeze(1))  # [batch, channels, frames, bands]
        return self.out(image.transpose(1, 2).flatten(2))


class SelfAttention(nn.Module):
    """Multi-head self-attention with relative positions, as in Transformer-XL."""

    def __init__(self, dim: int, heads: int):
        super().__init__()
        self.heads = heads
        self.linear_q, self.linear_k, self.linear_v, self.linear_out = (nn.Linear(dim, dim) for _ in range(4))
        self.linear_pos = nn.Linear(dim, dim, bias=False)
        self.pos_bias_u = nn.Parameter(torch.zeros(heads, dim // heads))
        self.pos_bias_v = nn.Parameter(torch.zeros(heads, dim // heads))

    def forward(self, x: Tensor, positions: Tensor, mask: Tensor, fused: bool) -> Tensor:
        q, k, v = (self.split(linear(x)) for linear in (self.linear_q, self.linear_k, self.linear_v))
        p = self.split(self.linear_pos(positions).unsqueeze(0))
        y = relative_attention(q, k, v, p, self.pos_bias_u, self.pos_bias_v, mask, fused)
        return self.linear_out(y.transpose(1, 2).flatten(2))

    def split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)  # [batch, heads, frames, width]


def relative_attention(q: Tensor, k: Tensor, v: Tensor, p: Tensor, content_bias: Tensor, position_bias: Tensor, mask: Tensor | None, fused: bool) -> Tensor:
    """softmax(((q + u) k + shifted (q + v) p) / √width) v. fused: PyTorch's attention, given the positions' scores as a mask."""
    scale = 1 / math.sqrt(q.shape[-1])
    content_query = q + content_bias[:, None, :].to(q.dtype)
    position = rel_shift((q + position_bias[:, None, :].to(q.dtype)) @ p.mT)
    if fused:
        bias = position * scale
        if mask is not None:
            bias = bias.masked_fill(~mask[:, None, None, :], -torch.inf)
        return F.scaled_dot_product_attention(content_query, k, v, attn_mask=bias.to(q.dtype))
    scores = (content_query @ k.mT + position) * scale
    if mask is not None:
        scores = scores.masked_fill(~mask[:, None, None, :], -torch.inf)
    return scores.softmax(-1).to(v.dtype) @ v


def rel_shift(x: Tensor) -> Tensor:
    """From scores by distance [..., frames, 2 frames - 1] (frames - 1, ..., -(frames - 1)) to scores by key [..., frames, frames]."""
    *leading, frames, distances = x.shape
    padded = F.pad(x, (1, 0)).reshape(*leading, distances + 1, frames)
    return padded[..., 1:, :].reshape(*leading, frames, distances)[..., :frames]


class FeedForward(nn.Module):
    def __init__(self, dim: int, inner: int, dropout: float, activation=F.silu):
        super().__init__()
        self.w_1, self.w_2, self.dropout = nn.Linear(dim, inner), nn.Linear(inner, dim), nn.Dropout(dropout)
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        return self.w_2(self.dropout(self.activation(self.w_1(x))))


class ConvModule(nn.Module):
    """Pointwise, GLU, depthwise over time, layer norm, SiLU, pointwise. Padding is zeroed before the depthwise convolution."""

    def __init__(self, dim: int, kernel: int, eps: float):
        super().__init__()
        self.pointwise_conv1 = nn.Conv1d(dim, 2 * dim, 1)
        self.depthwise_conv = nn.Conv1d(dim, dim, kernel, padding=kernel // 2, groups=dim)
        self.norm = nn.LayerNorm(dim, eps=eps)
        self.pointwise_conv2 = nn.Conv1d(dim, dim, 1)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        # A pointwise convolution is a linear map of the channels, which saves a transposition on either side.
        gated = F.glu(F.linear(x, self.pointwise_conv1.weight.squeeze(-1), self.pointwise_conv1.bias), dim=-1)
        mixed = self.depthwise_conv((gated * mask[:, :, None]).transpose(1, 2)).transpose(1, 2)
        return F.linear(F.silu(self.norm(mixed)), self.pointwise_conv2.weight.squeeze(-1), self.pointwise_conv2.bias)


class ConformerBlock(nn.Module):
    def __init__(self, model: dict):
        super().__init__()
        dim, inner, dropout, eps = model["dim"], model["feedForwardDim"], model["dropout"], 1e-5
        self.feed_forward_macaron = FeedForward(dim, inner, dropout)
        self.self_attn = SelfAttention(dim, model["heads"])
        self.conv_module = ConvModule(dim, model["convKernel"], eps)
        self.feed_forward = FeedForward(dim, inner, dropout)
        for name in ("norm_ff_macaron", "norm_mha", "norm_conv", "norm_ff", "norm_final"):
            self.add_module(name, nn.LayerNorm(dim, eps=eps))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, positions: Tensor, mask: Tensor, fused: bool) -> Tensor:
        x = x + 0.5 * self.dropout(self.feed_forward_macaron(self.norm_ff_macaron(x)))
        x = x + self.dropout(self.self_attn(self.norm_mha(x), positions, mask, fused))
        x = x + self.dropout(self.conv_module(self.norm_conv(x), mask))
        x = x + 0.5 * self.dropout(self.feed_forward(self.norm_ff(x)))
        return self.norm_final(x)


class Encoder(nn.Module):
    def __init__(self, settings: dict):
        super().__init__()
        model = settings["model"]
        self.dim = model["dim"]
        self.embed = Conv2dSubsampling(settings["inputDim"], model["subsamplingChannels"], self.dim)
        self.encoders = nn.ModuleList(ConformerBlock(model) for _ in range(model["blocks"]))
        self.after_norm = nn.LayerNorm(self.dim, eps=1e-5)
        self.dropout = nn.Dropout(model["dropout"])

    def forward(self, features: Tensor, lengths: Tensor, schedules: list[list[int]], fused: bool) -> list[Tensor]:
        x = self.dropout(self.embed(features) * math.sqrt(self.dim))
        mask = torch.arange(x.shape[1], device=x.device) < lengths[:, None]
        positions = relative_positions(x.shape[1], self.dim, x)
        states: dict[tuple[int, ...], Tensor] = {(): x}  # paths share the common prefix of their schedules
        for schedule in schedules:
            for depth, block in enumerate(schedule):
                done = tuple(schedule[: depth + 1])
                if done not in states:
                    states[done] = self.encoders[block](states[done[:-1]], positions, mask, fused)
        return [self.after_norm(states[tuple(schedule)]) for schedule in schedules]


class Attention(nn.Module):
    """Multi-head attention without positions, over the same or another sequence."""

    def __init__(self, dim: int, heads: int):
        super().__init__()
        self.heads = heads
        self.linear_q, self.linear_k, self.linear_v, self.linear_out = (nn.Linear(dim, dim) for _ in range(4))

    def forward(self, x: Tensor, memory: Tensor, mask: Tensor, fused: bool) -> Tensor:
        q, k, v = (
            linear(of).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for linear, of in ((self.linear_q, x), (self.linear_k, memory), (self.linear_v, memory))
        )
        if fused:
            y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        else:
            scores = (q @ k.mT / math.sqrt(q.shape[-1])).masked_fill(~mask, -torch.inf)
            y = scores.softmax(-1).to(v.dtype) @ v
        return self.linear_out(y.transpose(1, 2).flatten(2))


class DecoderBlock(nn.Module):
    def __init__(self, dim: int, decoder: dict):
        super().__init__()
        self.self_attn, self.src_attn = (Attention(dim, decoder["heads"]) for _ in range(2))
        self.feed_forward = FeedForward(dim, decoder["feedForwardDim"], decoder["dropout"], F.relu)
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(dim, eps=1e-5) for _ in range(3))
        self.dropout = nn.Dropout(decoder["dropout"])

    def forward(self, x: Tensor, memory: Tensor, causal: Tensor, mask: Tensor, fused: bool) -> Tensor:
        normed = self.norm1(x)
        x = x + self.dropout(self.self_attn(normed, normed, causal, fused))
        x = x + self.dropout(self.src_attn(self.norm2(x), memory, mask, fused))
        return x + self.dropout(self.feed_forward(self.norm3(x)))


class Decoder(nn.Module):
    """Transformer decoder: tokens so far and the encoder's states to the logits of each token's successor."""

    def __init__(self, dim: int, vocabulary: int, decoder: dict):
        super().__init__()
        self.embed = nn.Sequential(nn.Embedding(vocabulary, dim))
        self.decoders = nn.ModuleList(DecoderBlock(dim, decoder) for _ in range(decoder["blocks"]))
        self.after_norm, self.output_layer = nn.LayerNorm(dim, eps=1e-5), nn.Linear(dim, vocabulary)
        self.dropout = nn.Dropout(decoder["dropout"])

    def forward(self, tokens: Tensor, memory: Tensor, lengths: Tensor, fused: bool) -> Tensor:
        rows = self.embed(tokens)
        count, dim = rows.shape[1:]
        places = torch.arange(count, device=tokens.device)
        x = self.dropout(rows * math.sqrt(dim) + sinusoids(places, dim, rows))
        causal = places[:, None] >= places
        mask = (torch.arange(memory.shape[1], device=tokens.device) < lengths[:, None])[:, None, None, :]
        for block in self.decoders:
            x = block(x, memory, causal, mask, fused)
        return self.output_layer(self.after_norm(x))


class ConformerCtc(nn.Module):
    """Built from the settings in a file of export_step.ts; forward gives the joint loss."""

    def __init__(self, settings: dict):
        super().__init__()
        model = settings["model"]
        if (model["convNorm"], model["convMask"]) != ("layer_norm", "before_depthwise"):
            raise ValueError(f"{settings['name']}: only layer norm and padding zeroed before the depthwise convolution are written here")
        self.schedules, self.joint = settings["schedules"], settings["joint"]
        self.encoder = Encoder(settings)
        decoder = model.get("decoder")
        self.ctc_lo = nn.Linear(model["dim"], settings["vocabulary"])
        self.decoder = Decoder(model["dim"], settings["vocabulary"], decoder) if decoder else None

    def forward(self, batch: dict[str, Tensor], fused: bool = False) -> Tensor:
        lengths = subsampled_length(batch["lengths"])
        states = self.encoder(batch["features"], lengths, self.schedules, fused)
        logits = [self.ctc_lo(state).float() if state.dtype != torch.float64 else self.ctc_lo(state) for state in states]
        losses = [ctc(each, lengths, batch) for each in logits]
        if self.decoder is not None:
            share = self.joint["ctcWeight"]
            for i, state in enumerate(states):
                scores = self.decoder(batch["tokens"], state, lengths, fused)
                losses[i] = share * losses[i] + (1 - share) * smoothed(scores, batch["next_tokens"], self.joint["labelSmoothing"])
        loss = losses[0]
        for each, seed in zip(logits[1:], losses[1:], strict=True):
            loss = loss + self.joint["seedWeight"] * seed + self.joint["klWeight"] * self.distil(logits[0], each, lengths)
        return loss

    def distil(self, teacher: Tensor, student: Tensor, lengths: Tensor) -> Tensor:
        """T² KL(teacher ‖ student) at temperature T, averaged over unpadded frames; no gradient flows into the teacher."""
        t = self.joint["temperature"]
        log_p, log_q = F.log_softmax(teacher.detach() / t, -1), F.log_softmax(student / t, -1)
        divergence = F.kl_div(log_q, log_p, reduction="none", log_target=True).sum(-1)
        real = torch.arange(divergence.shape[1], device=divergence.device) < lengths[:, None]
        return t * t * (divergence * real).sum() / lengths.sum()


def ctc(logits: Tensor, lengths: Tensor, batch: dict[str, Tensor]) -> Tensor:
    log_probs = F.log_softmax(logits, -1).transpose(0, 1)
    total = F.ctc_loss(log_probs, batch["targets"], lengths, batch["target_lengths"], reduction="sum", zero_infinity=True)
    return total / logits.shape[0]


def smoothed(logits: Tensor, targets: Tensor, smoothing: float) -> Tensor:
    """ESPnet's: the divergence from 1 - smoothing on the target and the rest shared by the others, summed, over the batch size."""
    classes = logits.shape[-1]
    real = targets >= 0
    log_p = F.log_softmax(logits.float() if logits.dtype == torch.float16 else logits, -1)
    q = torch.full_like(log_p, smoothing / (classes - 1)).scatter_(-1, targets.clamp(min=0)[..., None], 1 - smoothing)
    return (F.kl_div(log_p, q, reduction="none").sum(-1) * real).sum() / logits.shape[0]


def subsampled_length(length):
    return ((length - 1) // 2 - 1) // 2


def relative_positions(frames: int, dim: int, like: Tensor) -> Tensor:
    """Sinusoids of the distances frames - 1, ..., -(frames - 1)."""
    return sinusoids(torch.arange(frames - 1, -frames, -1, device=like.device), dim, like)


def sinusoids(places: Tensor, dim: int, like: Tensor) -> Tensor:
    angles = places.double()[:, None] * 10000.0 ** (-torch.arange(0, dim, 2, device=like.device, dtype=torch.float64) / dim)
    return torch.stack([angles.sin(), angles.cos()], -1).flatten(1).to(like.dtype)
