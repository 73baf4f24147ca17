"""What a request can get wrong before it is an article, and when there is no answer yet."""


class RequestError(Exception):
    """Base of the refusals that belong to HTTP; the message is shown to the caller."""


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


class NotReady(RequestError):
    """The model is still loading, or could not be loaded."""
