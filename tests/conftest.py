"""What every test gets: a home folder of its own, no network, and quiet libraries."""

import os

import pytest

# Before any import of the model libraries, which read these once.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_VERBOSITY"] = "error"
os.environ["OMP_NUM_THREADS"] = "1"  # the tiny models are slower on two


@pytest.fixture(autouse=True)
def couturier_home(tmp_path_factory, monkeypatch):
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("COUTURIER_HOME", str(home))
    return home


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory):
    from tests.fakes import make_tiny_base

    return make_tiny_base(tmp_path_factory.mktemp("bases") / "tiny")


@pytest.fixture(scope="session")
def bases(tiny_base, tmp_path_factory):
    """Give the tiny base of a family by its name; each is made once."""
    from tests.fakes import make_tiny_base

    made = {"sd1": tiny_base}

    def find(family):
        if family not in made:
            folder = tmp_path_factory.mktemp("bases") / family
            made[family] = make_tiny_base(folder, family=family)
        return made[family]

    return find


@pytest.fixture(params=["sd1", "sd2", "sdxl"])
def any_base(request, bases):
    """A tiny base of each family in turn."""
    return bases(request.param)
