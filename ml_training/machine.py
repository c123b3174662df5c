"""What a figure was measured on: the machine, and this process's memory."""

from __future__ import annotations

import os
import platform
import resource
from importlib.metadata import version
from pathlib import Path

_DECIDING = (
    "OMP_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
    "TF_DETERMINISTIC_OPS",
    "TF_ENABLE_ONEDNN_OPTS",
)


def machine() -> str:
    """Name this machine: processor, cores, system."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        name = next(line.partition(": ")[2] for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        name = platform.processor() or platform.machine()
    return f"{name}, {os.cpu_count()} cores, {platform.system()}"


def versions() -> dict[str, str]:
    """Give the versions of Python and of the libraries that a training's figures hang on."""
    import tensorflow  # its package has another name on each system

    found = {name: version(name) for name in ("keras", "numpy", "pillow")}
    return {"python": platform.python_version(), "tensorflow": tensorflow.__version__} | found


def threads() -> dict[str, object]:
    """Give what, beside seed and versions, decides how this process rounds: its threads.

    0 threads is TensorFlow's own choice, one for each core; `environment` are the variables that
    are set of those that change it.
    """
    import tensorflow as tf
    from tensorflow.python.framework.config import is_op_determinism_enabled

    return {
        "intra_op": tf.config.threading.get_intra_op_parallelism_threads(),
        "inter_op": tf.config.threading.get_inter_op_parallelism_threads(),
        "cores": _usable_cores(),
        "deterministic_ops": is_op_determinism_enabled(),
        "environment": {name: os.environ[name] for name in _DECIDING if name in os.environ},
    }


def _usable_cores() -> int:
    """Count the cores that this process may use, where the system tells."""
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1


def peak_memory_mb() -> float:
    """Give this process's peak resident memory in MB.

    `ru_maxrss` will not do on Linux: it also counts the parent before the start.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        fields = dict(
            line.split(":", 1) for line in status.read_text(encoding="utf-8").splitlines()
        )
        return float(fields["VmHWM"].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
