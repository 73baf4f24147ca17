"""The HTTP service: FastAPI around `rasid.classifier`."""
