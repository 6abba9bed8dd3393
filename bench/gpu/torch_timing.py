"""Timing of PyTorch calls: CUDA events on a GPU, the host's clock on a CPU; and how results are written."""

import json
import math
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch


def finite(value: object) -> object:
    """JSON has no NaN or infinity: their names stand in for them."""
    if isinstance(value, dict):
        return {key: finite(each) for key, each in value.items()}
    if isinstance(value, list):
        return [finite(each) for each in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def write_json(path: Path, value: object) -> None:
    """Writes in one piece, so that stopping the program at any moment leaves whole JSON."""
    unfinished = path.with_suffix(".part")
    unfinished.write_text(json.dumps(finite(value), indent=1, allow_nan=False))
    unfinished.replace(path)


def synchronize() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def time_calls(call: Callable[[], object], seconds: float = 0.6, sample_ms: float = 30, samples: int = 7) -> dict[str, float]:
    """Median milliseconds of a call over samples of several calls back to back, after a warm-up."""
    for _ in range(3):
        call()
    first = max(_sample(call, 1), 1e-3)
    calls = min(300, max(2, round(sample_ms / first)))
    times: list[float] = []
    end = time.perf_counter() + seconds
    while len(times) < samples or time.perf_counter() < end:
        times.append(_sample(call, calls) / calls)
    median = statistics.median(times)
    return {"medianMs": median, "spreadMs": statistics.median(abs(t - median) for t in times)}


def _sample(call: Callable[[], object], calls: int) -> float:
    """Milliseconds of some calls."""
    synchronize()
    if torch.cuda.is_available():
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        for _ in range(calls):
            call()
        end.record()
        end.synchronize()
        return begin.elapsed_time(end)
    start = time.perf_counter()
    for _ in range(calls):
        call()
    return (time.perf_counter() - start) * 1000


def time_steps(step: Callable[[], object], samples: int = 7, steps: int = 4) -> dict[str, float]:
    """Median milliseconds of a training step by the host's clock: samples of some steps and one wait for the last."""
    for _ in range(3):
        step()
    synchronize()
    times = []
    for _ in range(samples):
        start = time.perf_counter()
        for _ in range(steps):
            step()
        synchronize()
        times.append((time.perf_counter() - start) * 1000 / steps)
    median = statistics.median(times)
    return {"medianMs": median, "spreadMs": statistics.median(abs(t - median) for t in times)}
