"""Everything that Rasid's core refuses to do, as one tree of exceptions.

The core knows no HTTP: `serving.problems` holds the one table that maps these
classes to statuses.
"""


class RasidError(Exception):
    """Base of every error that Rasid raises on purpose."""


class ArticleError(RasidError):
    """An article that cannot be classified; `field` names the part at fault."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class EmptyText(ArticleError):
    """The text is empty or white space only."""


class InvalidText(ArticleError):
    """The text holds characters that no article has: NUL or lone surrogates."""


class TextTooLong(ArticleError):
    """The text has more characters than this deployment accepts."""


class NoMainText(ArticleError):
    """The text is an HTML page in which no article was found."""


class UnreadablePage(ArticleError):
    """The bytes are no HTML page in a charset that is known."""


class HtmlNotInstalled(ArticleError):
    """The text is HTML, and what reads it (the extra `html`) is not installed."""


class ThresholdError(RasidError):
    """A threshold was given for what is no `label` of the model."""

    def __init__(self, label: str, message: str) -> None:
        super().__init__(f"thresholds: {label}: {message}")
        self.label = label
        self.message = message


class TaxonomyError(RasidError):
    """The taxonomy file is not usable; the message names the file and the topic."""


class ArtifactError(RasidError):
    """A model folder that must not be served; the message says what is wrong with it."""


class ArtifactMissing(ArtifactError):
    """The folder, or one of the files an artifact consists of, is not there."""


class ArtifactMismatch(ArtifactError):
    """A file is there but is not what the manifest describes."""


class GoldenMismatch(ArtifactError):
    """The model does not say of its golden article what it said when it was made."""


class EngineError(RasidError):
    """onnxruntime could not load or run the model."""


class SettingError(RasidError):
    """A setting has a value that cannot be used; the message names the setting."""
