"""A training step of export_step.ts in PyTorch: compared in float64, then timed in several ways.

python bench/gpu/torch_step.py step.safetensors --out torch_step.json
"""

import argparse
import json
import math
import sys
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor
from torch_conformer import ConformerCtc
from torch_timing import synchronize, time_steps, write_json

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
# For float32 arithmetic against float64, through all blocks and back.
LOSS_TOLERANCE, GRADIENT_TOLERANCE = 1e-4, 2e-3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--samples", type=int, default=7, help="of four steps each; 0 only compares")
    options = parser.parse_args()
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True

    settings, tensors = load(options.file)
    difference = compare(settings, tensors)
    report: dict = {"name": settings["name"], "torch": torch.__version__, "difference": difference, "steps": {}}
    same = is_same(difference)
    print(f"{settings['name']}: {'the same step' if same else 'NOT THE SAME STEP'}: {difference}", flush=True)
    for how, step in ways(settings, tensors) if same and options.samples > 0 else ():
        try:
            report["steps"][how] = time_steps(step, options.samples)
        except RuntimeError as error:
            report["steps"][how] = {"problem": str(error).splitlines()[0]}
        print(f"{how}: {report['steps'][how]}", flush=True)
        if options.out:
            write_json(options.out, report)
    if options.out:
        write_json(options.out, report)
    sys.exit(0 if same else 1)


def is_same(difference: dict) -> bool:
    return difference["loss"] < LOSS_TOLERANCE and difference["gradient"] < GRADIENT_TOLERANCE


def load(path: str) -> tuple[dict, dict[str, Tensor]]:
    with safe_open(path, "pt", device="cpu") as file:
        names = list(file.keys())
        return json.loads(file.metadata()["settings"]), {name: file.get_tensor(name).to(DEVICE) for name in names}


def build(settings: dict, tensors: dict[str, Tensor]) -> ConformerCtc:
    model = ConformerCtc(settings).to(DEVICE)
    model.load_state_dict({name.removeprefix("values."): x for name, x in tensors.items() if name.startswith("values.")}, strict=True)
    return model.train()


def batch_of(tensors: dict[str, Tensor], dtype: torch.dtype = torch.float32) -> dict[str, Tensor]:
    names = ("targets", "target_lengths", "lengths", "tokens", "next_tokens")
    integers = {name: tensors[name].long() for name in names if name in tensors}
    return {"features": tensors["features"].to(dtype), **integers}


def compare(settings: dict, tensors: dict[str, Tensor]) -> dict:
    """Relative differences of unfold's loss and gradients from PyTorch's in float64, without dropout.

    A gradient is compared as ‖got - expected‖ / (‖expected‖ + 10⁻⁴ ‖all gradients‖): some, such as that of the keys' bias, are
    zero but for rounding.
    """
    model = build(settings, tensors).double().eval()
    loss = model(batch_of(tensors, torch.float64))
    loss.backward()
    gradients = {name: parameter.grad for name, parameter in model.named_parameters()}
    floor = 1e-4 * torch.stack([g.norm() for g in gradients.values()]).norm()
    errors = {name: ((tensors[f"grads.{name}"] - g).norm() / (g.norm() + floor)).item() for name, g in gradients.items()}
    worst = max(errors, key=lambda name: math.inf if math.isnan(errors[name]) else errors[name])
    relative = abs(tensors["loss"].double().item() - loss.item()) / abs(loss.item())
    return {"loss": relative, "gradient": errors[worst], "worst": worst}


def ways(settings: dict, tensors: dict[str, Tensor]):
    """The step as most people would write it, with PyTorch's fused operations, and both in mixed precision."""
    for half in (False, True) if DEVICE.type == "cuda" else (False,):
        for fused in (False, True):
            how = f"{'AMP f16' if half else 'eager f32'}{', fused attention and AdamW' if fused else ''}"
            yield how, training_step(settings, tensors, half=half, fused=fused)


def training_step(settings: dict, tensors: dict[str, Tensor], *, half: bool, fused: bool) -> Callable[[], None]:
    """Forward, joint loss, backward, gradient clipping, AdamW."""
    model, batch, wish = build(settings, tensors), batch_of(tensors), settings["optimizer"]
    named = list(model.named_parameters())
    decayed = [p for name, p in named if p.ndim > 1 and "pos_bias" not in name]
    others = [p for name, p in named if p.ndim <= 1 or "pos_bias" in name]
    groups = [{"params": decayed, "weight_decay": wish["weightDecay"]}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=1e-4, betas=tuple(wish["betas"]), eps=wish["eps"], fused=fused or None)
    scaler = torch.amp.GradScaler(DEVICE.type, enabled=half)

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(DEVICE.type, dtype=torch.float16, enabled=half):
            loss = model(batch, fused)
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        torch.nn.utils.clip_grad_norm_(model.parameters(), wish["maxGradNorm"])
        scaler.step(optimizer)
        scaler.update()

    step()
    synchronize()
    return step


if __name__ == "__main__":
    main()
