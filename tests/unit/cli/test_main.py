"""The command line: what it says and the status it ends with, in a real process."""

import subprocess
import sys
from pathlib import Path

import pytest

from couturier.cli.main import main


def test_help_answers_without_the_heavy_libraries() -> None:
    code = (
        "import sys\n"
        "from couturier.cli.main import main\n"
        "main(['--help'])\n"
        "print({'torch', 'diffusers', 'transformers', 'skimage', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "couturier demo" in done.stdout
    assert done.stdout.rstrip().endswith("set()")


@pytest.mark.parametrize("command", ["check", "dataset", "train", "generate", "run", "report"])
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0
    assert "--help" in capsys.readouterr().out


def test_an_unknown_option_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--faster"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: No such option: --faster")
    assert error.endswith("\n  fix: `couturier train --help` shows what it takes\n")


def test_an_unknown_command_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trane"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: No such command 'trane'")
    assert "\n  fix: " in error


def test_what_the_user_can_mend_is_two_lines_and_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["dataset", str(tmp_path / "absent.json")]) == 1
    error = capsys.readouterr().err.splitlines()
    assert len(error) == 2
    assert error[0].startswith("error: ")
    assert "absent.json" in error[0]
    assert error[1].startswith("  fix: ")


def test_a_missing_settings_file_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--config", "absent.toml"]) == 1
    assert "absent.toml" in capsys.readouterr().err


def test_an_unknown_setting_is_refused_before_any_work(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--set", "train.max_step=5"]) == 1
    assert "did you mean max_steps?" in capsys.readouterr().err


def test_the_debug_switch_shows_the_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COUTURIER_DEBUG", "1")
    assert main(["run", "--config", "absent.toml"]) == 1
    assert "Traceback" in capsys.readouterr().err
