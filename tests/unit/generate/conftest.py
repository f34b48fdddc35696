from pathlib import Path

import pytest

from couturier.generate.settings import GenerateSettings
from tests.fakes import make_tiny_base


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_base(tmp_path_factory.mktemp("bases") / "tiny")


@pytest.fixture(scope="session")
def strict_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_base(tmp_path_factory.mktemp("bases") / "strict", flag_all=True)


@pytest.fixture
def settings(base: Path) -> GenerateSettings:
    return GenerateSettings(
        base=str(base), steps=2, seed=7, receipts=False, faithful="off", second_opinion="off"
    )
