"""What a user can put right: every error says what and where, then the remedy."""


class CouturierError(Exception):
    """A fault the user can mend; the command line prints it in two lines and exits with 1.

    Args:
        message: What is wrong and where: file, line, value, what was expected. One line.
        fix: The remedy, in the imperative. One line.
    """

    def __init__(self, message: str, *, fix: str) -> None:
        super().__init__(message)
        self.message = " ".join(message.split())
        self.fix = " ".join(fix.split())

    def __str__(self) -> str:
        return f"{self.message}\n  fix: {self.fix}"


class SettingsError(CouturierError):
    """A settings file or `--set` names an unknown key or holds a value out of range."""


class CatalogueError(CouturierError):
    """The shop's product data or pictures cannot be used as they are."""


class DatasetError(CouturierError):
    """A folder given as a data set is none, or one of its rows is wrong."""


class BaseModelError(CouturierError):
    """The base model is not there, or is not a Stable Diffusion of a known family."""


class AdapterError(CouturierError):
    """A LoRA file is missing, broken, or does not fit the base."""


class DeviceError(CouturierError):
    """The machine lacks the device or the precision that was asked for."""


class TrainingError(CouturierError):
    """A training run cannot start, go on, or be resumed."""


class LooksError(CouturierError):
    """A folder of pictures, a prompt or a drawing request cannot be used."""


class StorageError(CouturierError):
    """The disk is full, or a file cannot be read or written."""


class MissingExtraError(CouturierError):
    """An optional part is not installed; the fix names the command that installs it."""
