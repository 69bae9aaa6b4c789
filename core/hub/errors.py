"""What can go wrong with weights, said in English and in Chinese."""


class WeightsError(RuntimeError):
    """Base of all errors about weights; `str()` is English, `text("zh")` Chinese.

    Each text says what is wrong with which name, and the next step.
    """

    def __init__(self, en: str, zh: str) -> None:
        super().__init__(en, zh)  # both, so that the error survives pickling between processes
        self.en, self.zh = en, zh

    def __str__(self) -> str:
        return self.en

    def text(self, lang: str) -> str:
        """The message in a language; every code that starts with `zh` means Chinese."""
        return self.zh if lang.lower().startswith("zh") else self.en


class WeightsNotFound(WeightsError):
    """The name, its files, its repository or its revision do not exist."""


class WeightsCorrupt(WeightsError):
    """A file has another size or hash than the manifest says, or cannot be read."""


class WeightsMismatch(WeightsError):
    """The files are whole, but do not fit the code: class, config, tensors or golden outputs."""


class WeightsOffline(WeightsError):
    """The weights would have to be downloaded, and the network is switched off."""


class WeightsGated(WeightsError):
    """The Hub refuses access: a private or gated repository, a missing or wrong token."""


class HubUnavailable(WeightsError):
    """The Hub does not answer, answers with a server error, or breaks off."""
