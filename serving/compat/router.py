"""All interfaces of other servers."""

from fastapi import APIRouter

from serving.compat.huggingface import huggingface_router
from serving.compat.infinity import infinity_router
from serving.compat.open_inference import open_inference_router
from serving.compat.tei import tei_router
from serving.engine import Engine
from serving.intake import Intake


def compat_router(engine: Engine, intake: Intake) -> APIRouter:
    """The routes of infinity, text-embeddings-inference, Hugging Face and the open protocol."""
    router = APIRouter()
    router.include_router(infinity_router(intake))
    router.include_router(tei_router(intake))
    router.include_router(huggingface_router(intake))
    router.include_router(open_inference_router(engine, intake))
    return router
