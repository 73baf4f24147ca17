"""What a request can get wrong before it is an article, and when there is no answer yet."""

from collections.abc import Mapping


class RequestError(Exception):
    """Base of the refusals that belong to HTTP; the message is shown to the caller.

    `headers` go out with the answer.
    """

    headers: Mapping[str, str] = {}


class InvalidJson(RequestError):
    """The body is not one JSON text in UTF-8."""


class UnsupportedMediaType(RequestError):
    """The body is declared to be something else than JSON."""


class BodyTooLarge(RequestError):
    """The body has more bytes than this deployment accepts."""


class TooManyArticles(RequestError):
    """The batch has more articles than this deployment accepts."""


class UnknownModel(RequestError):
    """The path names a model, or a version of it, that is not the one served."""


class InvalidTensor(RequestError):
    """The tensors of a request are not as the model's metadata says."""


class InvalidHeader(RequestError):
    """A header of the request has a value that cannot be used; the message names it."""


class NotReady(RequestError):
    """The model is still loading, could not be loaded or has died, or the service stops."""

    # A guess: nobody knows how long another process takes to be there in this one's stead.
    headers: Mapping[str, str] = {"Retry-After": "5"}


class Overloaded(RequestError):
    """More work waits than is let in; `seconds` is when there should be room again."""

    def __init__(self, message: str, seconds: int) -> None:
        super().__init__(message)
        self.headers = {"Retry-After": str(seconds)}


class DeadlineExceeded(RequestError):
    """The caller's own time for the request was over before there was an answer."""
