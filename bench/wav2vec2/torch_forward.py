"""Repeats in PyTorch the forward pass that bench/wav2vec2/forward.ts wrote to a folder: compares the logits and times it.

    python bench/wav2vec2/torch_forward.py runs/wav2vec2-base --json runs/torch_forward.json
"""

import argparse
import json
import statistics
import time
from pathlib import Path

import torch
from safetensors.torch import load_file
from transformers import AutoModelForCTC


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()

    model = AutoModelForCTC.from_pretrained(arguments.folder).eval()
    given = load_file(arguments.folder / "forward.safetensors")
    with torch.no_grad():
        logits = model(given["waveform"]).logits
        times = [timed(lambda: model(given["waveform"])) for _ in range(arguments.rounds)]
        exact = model.double()(given["waveform"].double()).logits
    largest = exact.abs().max().item()
    report = {
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "parameters": sum(p.numel() for p in model.parameters()),
        "largestLogit": largest,
        "unfoldFromFloat64": (given["logits"] - exact).abs().max().item(),
        "torchFloat32FromFloat64": (logits - exact).abs().max().item(),
        "sameLabels": (given["logits"].argmax(-1) == exact.argmax(-1)).float().mean().item(),
        "forwardSeconds": statistics.median(times),
    }
    text = json.dumps(report, indent=2)
    print(text)
    if arguments.json:
        arguments.json.write_text(text + "\n")


def timed(call) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
