"""Several processes train as one: the same weights, a clean end, and resuming on another number."""

import os
import subprocess
import sys
import time

import pytest
from safetensors.torch import load_file

from couturier.settings import to_toml
from couturier.train.run import train_adapter
from couturier.train.settings import TrainSettings
from tests.fakes import make_dataset


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp("data") / "set", n_items=6, n_held_out=1)


@pytest.fixture(scope="module")
def settings(tiny_base):
    return TrainSettings(
        base=str(tiny_base),
        max_steps=6,
        batch_size=4,
        learning_rate=1e-3,
        validation_pictures=0,
        checkpoint_every=2,
        log_every=1,
    )


@pytest.fixture(scope="module")
def alone(data, settings, tmp_path_factory):
    out = tmp_path_factory.mktemp("models") / "alone"
    return train_adapter(data, out=out, settings=settings)


def _start(data, out, settings, *, processes, resume=False):
    config = out.with_suffix(".toml")
    config.write_text(to_toml({"train": settings}))
    command = [sys.executable, "-m", "couturier", "train", str(data), "--out", str(out)]
    command += ["--config", str(config), "--processes", str(processes)]
    return subprocess.Popen(
        [*command, *(["--resume"] if resume else [])],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def _distance(one, other):
    """The largest relative difference of a matrix."""
    tensors, others = load_file(one), load_file(other)
    assert tensors.keys() == others.keys()
    return max(
        float((tensor - others[name]).norm() / others[name].norm())
        for name, tensor in tensors.items()
    )


def _children(process):
    found = subprocess.run(["ps", "--ppid", str(process.pid), "-o", "pid="], capture_output=True)
    return [int(number) for number in found.stdout.split()]


def test_two_processes_give_the_weights_of_one(alone, data, settings, tmp_path):
    process = _start(data, tmp_path / "two", settings, processes=2)
    said = process.communicate()[0]
    assert process.returncode == 0, said
    weights = tmp_path / "two/final_tensors/pytorch_lora_weights.safetensors"
    assert _distance(weights, alone.weights) < 1e-5


def test_a_killed_process_ends_the_run_and_one_process_goes_on(alone, data, settings, tmp_path):
    out = tmp_path / "killed"
    process = _start(data, out, settings.model_copy(update={"max_steps": 500}), processes=2)
    while not list(out.glob("checkpoints/step-*")):
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.1)
    victim = max(_children(process))
    os.kill(victim, 9)
    said = process.communicate()[0]
    assert process.returncode == 1, said
    assert "process 2 of 2 was killed (signal 9); the others were ended" in said
    assert "--resume, on any number of processes" in said
    assert "Traceback" not in said
    newest = max(int(path.name[-6:]) for path in out.glob("checkpoints/step-*"))
    longer = settings.model_copy(update={"max_steps": newest + 2})
    resumed = train_adapter(data, out=out, settings=longer, resume=True)
    whole = train_adapter(data, out=tmp_path / "whole", settings=longer)
    assert _distance(resumed.weights, whole.weights) < 1e-4
