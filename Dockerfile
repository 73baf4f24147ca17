FROM python:3.12-slim AS install
WORKDIR /rasid
COPY requirements/serving.txt requirements/serving.txt
RUN python -m venv /venv \
 && /venv/bin/python -m pip install --no-cache-dir --no-compile --require-hashes -r requirements/serving.txt

FROM python:3.12-slim
LABEL org.opencontainers.image.title="rasid" \
      org.opencontainers.image.description="Topic classifier service for Arabic security news" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    RASID_HOST=0.0.0.0 \
    RASID_PORT=8000
WORKDIR /rasid
COPY --from=install /venv /venv
COPY LICENSE NOTICE ./
COPY rasid rasid
COPY serving serving
COPY models/bundled models/bundled
COPY models/encoder/LICENSE models/encoder/LICENSE
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin rasid
USER 10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ[\"RASID_PORT\"]}/readyz', timeout=2)"]
ENTRYPOINT ["python", "-m", "serving"]
