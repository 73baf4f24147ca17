"""The OpenAPI document: what FastAPI cannot know by itself."""

from typing import Any

from serving import deadline, stream
from serving.exchange import HEADER
from serving.settings import Settings

DESCRIPTION = """\
Topics of Arabic security news. Every answer carries `X-Request-ID`: the caller's own where
the request has one of up to 128 letters, digits and `._:/+=@~-`, otherwise a new one.
"""

_TIMEOUT = {
    "name": deadline.HEADER,
    "in": "header",
    "description": "Seconds that the caller waits for the answer: what is not ready then is 504.",
    "schema": {"type": "number", "exclusiveMinimum": 0, "maximum": deadline.LONGEST},
}
_RETRY_AFTER = {
    "description": "Seconds after which to try again.",
    "schema": {"type": "integer", "minimum": 1},
}


def complete(document: dict[str, Any], settings: Settings) -> dict[str, Any]:
    """`document` with this deployment's limits and the header of every answer."""
    schemas = document["components"]["schemas"]
    article = schemas["ClassifyRequest"]
    article["description"] = (
        f"One article of at most {settings.max_chars} characters (Unicode code points), "
        "text and title together, without the markup of HTML."
    )
    # The HTML of a page may be longer than the text in it.
    _string_schema(article["properties"]["title"])["maxLength"] = settings.max_chars
    schemas["BatchRequest"]["properties"]["articles"] |= {
        "items": {"$ref": "#/components/schemas/ClassifyRequest"},
        "maxItems": settings.max_batch,
    }
    lines = document["paths"][stream.PATH]["post"]["responses"]["200"]["content"]
    # What FastAPI takes every answer for that is no JSON.
    del lines[stream.MEDIA_TYPES[0]]["schema"]["type"]
    header = {"schema": {"type": "string"}, "description": "The id of the request."}
    for operations in document["paths"].values():
        for operation in operations.values():
            if "requestBody" in operation:
                operation.setdefault("parameters", []).append(_TIMEOUT)
                operation["requestBody"].setdefault(
                    "description", f"JSON in UTF-8, at most {settings.max_body_bytes} bytes."
                )
            for status, response in operation["responses"].items():
                response["headers"] = {HEADER: header}
                if status in ("429", "503"):
                    response["headers"]["Retry-After"] = _RETRY_AFTER
    return document


def _string_schema(schema: dict[str, Any]) -> dict[str, Any]:
    # An optional string is a choice of string and null.
    choices: list[dict[str, Any]] = schema.get("anyOf", [schema])
    return next(choice for choice in choices if choice["type"] == "string")
