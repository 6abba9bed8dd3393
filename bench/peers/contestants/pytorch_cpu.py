"""PyTorch on the CPU, for scale, and the maker of the reference that every contestant is compared with.

    python pytorch_cpu.py '{"work": ["mm256"]}'   measures; results go to file descriptor 3, as in lib/measure.mjs
    python pytorch_cpu.py --write-reference       computes everything in float64 and writes reference.json
"""
import json
import math
import os
import statistics
import sys
import time

import numpy as np
import torch

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "gpu"))
import torch.nn.functional as F

LEARNING_RATE, BETAS, EPS, WEIGHT_DECAY = 1e-3, (0.9, 0.98), 1e-8, 0.01
REFERENCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "reference.json")
TOLERANCE = 1e-3
SAMPLE_SECONDS, MOST_CALLS, SAMPLES = 0.04, 200, 9
MILLIONS = 1 << 22

WRITES_REFERENCE = sys.argv[1:] == ["--write-reference"]
DTYPE = torch.float64 if WRITES_REFERENCE else torch.float32


def mix(x, last=True):
    """The finaliser of MurmurHash3 on uint32, as in lib/inputs.mjs; without its last step, as in lib/reference.mjs."""
    with np.errstate(over="ignore"):
        x = (x ^ (x >> np.uint32(16))) * np.uint32(0x85EBCA6B)
        x = x ^ (x >> np.uint32(13))
        if last:
            x = x * np.uint32(0xC2B2AE35)
            x = x ^ (x >> np.uint32(16))
    return x


def values(seed, shape, scale=1.0, shift=0.0):
    count = math.prod(shape)
    with np.errstate(over="ignore"):
        x = mix(np.arange(count, dtype=np.uint32) + np.uint32(seed * 0x9E3779B1 & 0xFFFFFFFF))
    return ((x.astype(np.float64) / 2**32 - 0.5) * scale + shift).astype(np.float32).reshape(shape)


def tensor(seed, *shape, scale=1.0, shift=0.0):
    return torch.from_numpy(values(seed, shape, scale, shift)).to(DTYPE)


def fingerprint(result):
    x = result.detach().to(torch.float64).contiguous().numpy().ravel()
    weights = (mix(np.arange(x.size, dtype=np.uint32), last=False) & np.uint32(255)) / 255.0
    return [float(x.sum()), float((x * x).sum()), float((x * weights).sum())]


# Each piece of work is a function that does it once and returns its results, and one that brings these to the reference's layout.


def as_they_are(results):
    return results


def forward(operation, *inputs, layout=as_they_are):
    return lambda: [operation(*inputs)], layout


def forward_backward(operation, *inputs, layout=as_they_are):
    """The gradients of all inputs but the last, which is dy."""
    *inputs, dy = inputs
    inputs = [x.contiguous().requires_grad_() for x in inputs]
    return lambda: list(torch.autograd.grad(operation(*inputs), inputs, dy)), layout


def layer_norm(x, scale, shift):
    return F.layer_norm(x, (256,), scale, shift, 1e-5)


def depthwise_conv(x, weight):
    return F.conv1d(x, weight, padding=15, groups=256)


def channels_first(seed):
    return tensor(seed, 8, 100, 256).transpose(1, 2).contiguous()


def taps():
    return tensor(2, 31, 256).t().reshape(256, 1, 31).contiguous()


def from_channels_first(results):
    x, *weight = results
    return [x.transpose(1, 2), *(w.reshape(256, 31).t() for w in weight)]


def heads(*seeds):
    return [tensor(seed, 8, 4, 100, 64) for seed in seeds]


def optimizer_of(parameters):
    return torch.optim.AdamW(parameters, lr=LEARNING_RATE, betas=BETAS, eps=EPS, weight_decay=WEIGHT_DECAY, fused=True)


def adamw():
    parameter = torch.nn.Parameter(tensor(1, MILLIONS))
    parameter.grad = tensor(2, MILLIONS, scale=0.01)
    optimizer = optimizer_of([parameter])

    def step():
        optimizer.step()
        return [parameter]

    return step, as_they_are


def tiny():
    a, b = tensor(1, 16), tensor(2, 16)

    def chain():
        total = a
        for _ in range(100):
            total = total + b
        return [total]

    return chain, as_they_are


def mlp_step():
    x, y = tensor(1, 800, 256), tensor(2, 800, 256)
    parameters = [torch.nn.Parameter(p) for p in (
        tensor(3, 256, shift=1.0), tensor(4, 256),
        tensor(5, 256, 1024, scale=0.125), tensor(6, 1024, scale=0.1),
        tensor(7, 1024, 256, scale=0.0625), tensor(8, 256, scale=0.1),
    )]
    scale, shift, w1, b1, w2, b2 = parameters
    optimizer = optimizer_of(parameters)

    def step():
        optimizer.zero_grad()
        hidden = F.silu(layer_norm(x, scale, shift) @ w1 + b1)
        F.mse_loss(hidden @ w2 + b2 + x, y).backward()
        optimizer.step()
        return parameters

    return step, as_they_are


def ctc():
    batch, frames, labels, classes = 16, 400, 60, 500
    logits = tensor(1, batch, frames, classes, scale=4.0).requires_grad_()
    uniform = values(2, (batch, labels)).astype(np.float64) + 0.5
    targets = torch.from_numpy(np.minimum(classes - 1, 1 + np.floor(uniform * (classes - 1))).astype(np.int64))
    lengths = [torch.full((batch,), n, dtype=torch.long) for n in (frames, labels)]

    def loss_and_gradient():
        loss = F.ctc_loss(logits.log_softmax(-1).transpose(0, 1), targets, *lengths, reduction="sum")
        return [loss, *torch.autograd.grad(loss, logits)]

    return loss_and_gradient, as_they_are


def products(name, a, b, y):
    inputs = lambda: (tensor(1, *a), tensor(2, *b))
    return {
        name: lambda: forward(torch.matmul, *inputs()),
        f"{name}_fb": lambda: forward_backward(torch.matmul, *inputs(), tensor(3, *y)),
    }


def norm_inputs():
    return tensor(1, 800, 256), tensor(2, 256, shift=1.0), tensor(3, 256)


WORK = {
    **products("mm256", (256, 256), (256, 256), (256, 256)),
    **products("mm512", (512, 512), (512, 512), (512, 512)),
    **products("mm1024", (1024, 1024), (1024, 1024), (1024, 1024)),
    **products("ffn", (400, 256), (256, 1024), (400, 1024)),
    **products("bmm", (32, 100, 64), (32, 64, 100), (32, 100, 100)),
    "softmax": lambda: forward(lambda x: torch.softmax(x, -1), tensor(1, 3200, 100, scale=4.0)),
    "ln": lambda: forward(layer_norm, *norm_inputs()),
    "ln_fb": lambda: forward_backward(layer_norm, *norm_inputs(), tensor(4, 800, 256)),
    "dw": lambda: forward(depthwise_conv, channels_first(1), taps(), layout=from_channels_first),
    "dw_fb": lambda: forward_backward(depthwise_conv, channels_first(1), taps(), channels_first(3), layout=from_channels_first),
    "attn": lambda: forward(F.scaled_dot_product_attention, *heads(1, 2, 3)),
    "attn_fb": lambda: forward_backward(F.scaled_dot_product_attention, *heads(1, 2, 3, 4)),
    "add4m": lambda: forward(torch.add, tensor(1, MILLIONS), tensor(2, MILLIONS)),
    "adamw4m": adamw,
    "tiny100": tiny,
    "mlpstep": mlp_step,
    "ctc_fb": ctc,
}


def write_reference():
    reference = {}
    for name, prepare in WORK.items():
        call, layout = prepare()
        reference[name] = [fingerprint(result) for result in layout(call())]
    with open(REFERENCE, "w") as file:
        lines = [f'  "{name}": {json.dumps(prints)}' for name, prints in reference.items()]
        file.write("{\n" + ",\n".join(lines) + "\n}\n")


def difference_from(reference, results):
    differences = []
    for expected, result in zip(reference, results, strict=True):
        norm = max(1e-6, math.sqrt(expected[1]))
        differences += [abs(x - e) / max(norm, abs(e)) for x, e in zip(fingerprint(result), expected)]
    return math.inf if any(math.isnan(d) for d in differences) else max(differences)


def measure_step(path):
    """A training step that unfold has left in the task's folder: its loss and gradients compared in float64, then timed in the faster of PyTorch's two ways."""
    import torch_step  # needs safetensors, which the rest does not

    settings, tensors = torch_step.load(path)
    difference = torch_step.compare(settings, tensors)
    if not torch_step.is_same(difference):
        return {"status": "wrong", "problem": f"unfold's step is another one: {difference}"}
    timings = [timed(torch_step.training_step(settings, tensors, half=False, fused=fused)) for fused in (False, True)]
    return {**min(timings, key=lambda timing: timing["medianMs"]), "difference": difference["gradient"]}


def measure_forward(folder):
    """A forward pass that unfold has left in the task's folder: its logits compared in float64, then timed."""
    from safetensors.torch import load_file
    from transformers import AutoModelForCTC

    model = AutoModelForCTC.from_pretrained(folder).eval()
    given = load_file(os.path.join(folder, "forward.safetensors"))
    waveform = given["waveform"]
    with torch.no_grad():
        exact = model.double()(waveform.double()).logits
        difference = ((given["logits"] - exact).norm() / exact.norm()).item()
        if not difference <= TOLERANCE:
            return {"status": "wrong", "problem": f"unfold's logits differ by {difference:.1e} of their norm"}
        model.float()
        return {**timed(lambda: model(waveform)), "difference": difference}


def measure(name, reference):
    start = time.perf_counter()
    call, layout = WORK[name]()
    first_results = call()
    first_ms = (time.perf_counter() - start) * 1e3
    difference = difference_from(reference, layout(first_results))
    if difference > TOLERANCE:
        return {"status": "wrong", "problem": f"differs from the reference by {difference:.1e} of its norm", "difference": difference}
    return {**timed(call), "firstMs": first_ms, "difference": difference}


def timed(call):
    def sample(calls):
        start = time.perf_counter()
        for _ in range(calls):
            call()
        return (time.perf_counter() - start) * 1e3 / calls

    sample(2)
    calls = max(1, min(MOST_CALLS, math.ceil(SAMPLE_SECONDS * 1e3 / sample(2))))
    sample(calls)
    samples = [sample(calls) for _ in range(SAMPLES)]
    median = statistics.median(samples)
    return {
        "status": "timed", "medianMs": median, "spreadMs": statistics.median([abs(ms - median) for ms in samples]),
        "minMs": min(samples), "maxMs": max(samples), "samples": SAMPLES, "callsPerSample": calls,
    }


def main():
    task = json.loads(sys.argv[1])
    with open(REFERENCE) as file:
        reference = json.load(file)
    with os.fdopen(3, "w", buffering=1) as results:
        results.write(json.dumps({"version": torch.__version__}) + "\n")
        for name in task["work"]:
            try:
                if name.startswith("step_"):
                    outcome = measure_step(os.path.join(task["folder"], f"{name}.safetensors"))
                elif name.startswith("forward_"):
                    outcome = measure_forward(os.path.join(task["folder"], name))
                else:
                    outcome = measure(name, reference[name])
            except Exception as error:
                outcome = {"status": "failed", "problem": str(error).split("\n")[0][:300]}
            results.write(json.dumps({"work": name, **outcome}) + "\n")


if WRITES_REFERENCE:
    write_reference()
else:
    main()
