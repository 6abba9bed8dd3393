"""The work of large/large_cases.ts in PyTorch, on a GPU where there is one.

python bench/gpu/torch_reference.py --out torch_kernels.json [--small]
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch_conformer import relative_attention
from torch_timing import time_calls, write_json

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
HALF = torch.float16


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--small", action="store_true")
    options = parser.parse_args()
    # Plain f32 everywhere: TF32 rounds operands to 11 bits.
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True
    sizes = json.loads((Path(__file__).parent / "sizes.json").read_text())["small" if options.small else "full"]

    results: list[dict] = []
    for measure in (copy, rows, adamw, depthwise, products, attention, ctc):
        for result in measure(sizes):
            results.append(result)
            times = [f"{key} {result[key]['medianMs']:.4g} ms" for key in ("forward", "both") if key in result]
            print(f"{result['name']} ({result['how']}): {', '.join(times)}{result.get('problem', '')}", flush=True)
            if options.out:
                write_json(options.out, {"machine": machine(), "sizes": sizes, "results": results})


def machine() -> dict:
    """What ran, and on a GPU the f32 peak that follows from its clock (KHz) and its multiply-add units."""
    facts: dict = {"torch": torch.__version__, "cuda": torch.version.cuda, "device": str(DEVICE)}
    if DEVICE.type == "cuda":
        properties = torch.cuda.get_device_properties(0)
        lanes = 64 if (properties.major, properties.minor) in ((8, 0), (7, 0), (7, 5)) else 128
        clock = getattr(properties, "clock_rate", None)
        facts |= {"device": properties.name, "multiprocessors": properties.multi_processor_count, "clockKhz": clock}
        if clock:
            facts["f32PeakGflops"] = 2 * lanes * properties.multi_processor_count * clock / 1e6
    return facts


def result(name: str, how: str, forward: Callable[[], Tensor], inputs: list[Tensor]) -> dict:
    """Times a forward pass and, if there are `inputs` to differentiate, a forward and a backward pass. Failures are in the result."""
    try:
        with torch.no_grad():
            found: dict = {"name": name, "how": how, "forward": time_calls(forward)}
        if inputs:
            dy = torch.randn_like(forward())
            found["both"] = time_calls(lambda: torch.autograd.grad(forward(), inputs, dy))
        return found
    except RuntimeError as error:
        return {"name": name, "how": how, "problem": str(error).splitlines()[0]}


def normal(*shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(*shape, device=DEVICE, dtype=dtype).requires_grad_()


def copy(sizes: dict):
    x, y = (torch.randn(sizes["copy"], device=DEVICE) for _ in range(2))
    yield result("copy", "copy_", lambda: y.copy_(x), [])


def rows(sizes: dict):
    count, cols = sizes["rows"]
    x, scale, shift = normal(count, cols), normal(cols), normal(cols)
    yield result("layer_norm", "eager", lambda: F.layer_norm(x, (cols,), scale, shift), [x, scale, shift])
    yield result("softmax", "eager", lambda: x.softmax(-1), [x])


def adamw(sizes: dict):
    for how in ("foreach", "fused"):
        weight = normal(sizes["adamw"])
        weight.grad = torch.randn_like(weight)
        optimizer = torch.optim.AdamW([weight], lr=0.01, betas=(0.9, 0.98), weight_decay=0.1, **{how: True})
        yield result("adamw", how, optimizer.step, [])


def depthwise(sizes: dict):
    batch, frames, channels, kernel = sizes["depthwise"]
    weight, bias = normal(channels, 1, kernel), normal(channels)
    x = normal(batch, frames, channels)  # as a Conformer has it, so that transposing is part of the work
    own = normal(batch, channels, frames)  # as PyTorch likes it best
    conv = {"bias": bias, "padding": kernel // 2, "groups": channels}
    yield result("depthwise_conv", "channels last", lambda: F.conv1d(x.transpose(1, 2), weight, **conv).transpose(1, 2).contiguous(), [x, weight, bias])
    yield result("depthwise_conv", "frames last", lambda: F.conv1d(own, weight, **conv), [own, weight, bias])


def products(sizes: dict):
    m, n, k = sizes["matmul"]
    for label, dtype in (("f32", torch.float32), ("f16", HALF)):
        for kind in ("NN", "NT", "TN"):
            a = normal(*((k, m) if kind[0] == "T" else (m, k)), dtype=dtype)
            b = normal(*((n, k) if kind[1] == "T" else (k, n)), dtype=dtype)
            forward = {"NN": lambda a=a, b=b: a @ b, "NT": lambda a=a, b=b: a @ b.mT, "TN": lambda a=a, b=b: a.mT @ b}[kind]
            yield result(f"matmul {label} {kind}", "eager", forward, [a, b])


def attention(sizes: dict):
    batch, heads, frames, width = sizes["attention"]
    q, k, v = (normal(batch, heads, frames, width) for _ in range(3))
    p, content, position = normal(1, heads, 2 * frames - 1, width), normal(heads, width), normal(heads, width)

    def math_attention() -> Tensor:
        with sdpa_kernel(SDPBackend.MATH):
            return F.scaled_dot_product_attention(q, k, v)

    yield result("attention", "math", math_attention, [q, k, v])
    yield result("attention", "sdpa", lambda: F.scaled_dot_product_attention(q, k, v), [q, k, v])
    inputs = [q, k, v, p, content, position]
    for how, fused in (("math", False), ("sdpa", True)):
        yield result("attention_relative", how, lambda fused=fused: relative_attention(q, k, v, p, content, position, None, fused), inputs)


def ctc(sizes: dict):
    batch, frames, labels, classes = sizes["ctc"]
    logits = normal(batch, frames, classes)
    targets = torch.randint(1, classes, (batch, labels), device=DEVICE)
    lengths, label_counts = (torch.full((batch,), n, device=DEVICE) for n in (frames, labels))

    def loss() -> Tensor:
        return F.ctc_loss(F.log_softmax(logits, -1).transpose(0, 1), targets, lengths, label_counts, reduction="sum", zero_infinity=True) / batch

    yield result("ctc", "eager", loss, [logits])


if __name__ == "__main__":
    main()
