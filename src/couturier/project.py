"""What a couturier.toml may hold: one section a stage, and [run] for what it is about."""

from pathlib import Path

from pydantic import Field

from couturier.dataset.settings import DatasetSettings
from couturier.evaluate.settings import EvaluateSettings
from couturier.generate.settings import GenerateSettings
from couturier.settings import Settings
from couturier.train.settings import TrainSettings


class RunSettings(Settings):
    """What `couturier run` is about; paths are relative to the settings file's folder."""

    name: str = Field(
        "first",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$",
        description="Names the folders models/NAME, looks/NAME and report/NAME.",
    )
    product_data: Path = Field(
        Path("data/product_data.json"), description="The shop's file; read, never written to."
    )
    images: Path = Field(Path("data/images"), description="The shop's pictures, a folder or a zip.")
    prompts: tuple[str, ...] = Field(
        (),
        description="Sentences to draw. Default: captions of eight products held out of training.",
    )
    prompts_file: Path | None = Field(
        None, description="More sentences: one a line, JSON lines or CSV."
    )
    compare: bool = Field(
        True,
        description="Also draw everything plainly, same seeds: with the bare base and with the "
        "adapter alone, so that one sees what training changed and what faithful drawing adds.",
    )
    own_prompts: tuple[str, ...] = Field(
        (
            "a brown handbag",
            "grey trousers",
            "a pink scarf",
            "white sandals",
            "a purple tie",
            "black boots",
            "a yellow hat",
            "a blue wallet",
        ),
        description="Sentences the base could draw before, drawn plainly before and after to see "
        "what was forgotten, where `compare` is on; none where the list is empty.",
    )


SECTIONS: dict[str, type[Settings]] = {
    "run": RunSettings,
    "dataset": DatasetSettings,
    "train": TrainSettings,
    "generate": GenerateSettings,
    "evaluate": EvaluateSettings,
}
