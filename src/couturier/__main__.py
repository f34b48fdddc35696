"""Lets `python -m couturier` do what `couturier` does."""

from couturier.cli.main import run

if __name__ == "__main__":
    run()
