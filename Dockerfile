# syntax=docker/dockerfile:1
ARG PYTHON=3.12
FROM python:${PYTHON}-slim-bookworm AS build
WORKDIR /src
# Dependencies first: this layer is made anew only when the lock file changes.
COPY requirements.lock ./
RUN python -m venv /opt/venv \
 && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.lock
COPY pyproject.toml requirements-build.lock README.md LICENSE ./
COPY detectors ./detectors
COPY service ./service
RUN python -m venv /opt/build \
 && /opt/build/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements-build.lock \
 && /opt/build/bin/pip wheel --no-cache-dir --no-build-isolation --no-deps --wheel-dir /opt/dist . \
 && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps /opt/dist/*.whl \
 && /opt/venv/bin/python -m compileall -q /opt/venv

FROM python:${PYTHON}-slim-bookworm
LABEL org.opencontainers.image.title="werwatch" \
      org.opencontainers.image.description="Last-mile drift monitor for speech transcription" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --gid 10001 werwatch \
 && useradd --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin werwatch \
 && install -d -o 10001 -g 10001 -m 0700 /data
COPY --from=build /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 WERWATCH_DATA_DIR=/data
USER 10001:10001
VOLUME /data
EXPOSE 8600 9600
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=3s --start-period=20s --retries=3 \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9600/readyz', timeout=2)"]
ENTRYPOINT ["werwatch"]
CMD ["serve"]
