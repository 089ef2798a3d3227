# syntax=docker/dockerfile:1
# The same sources, base and build arguments make the same image: docker buildx build --output
# type=image,rewrite-timestamp=true --build-arg SOURCE_DATE_EPOCH=..., or buildah build --timestamp ...
ARG PYTHON=3.12
FROM docker.io/library/python:${PYTHON}-slim-bookworm AS build
ARG REQUIREMENTS=requirements.lock
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
# Dependencies first: this layer is made anew only when a lock file changes.
COPY requirements.lock requirements-tracing.lock requirements-build.lock ./
RUN python -m venv --without-pip /opt/venv \
 && python -m venv /opt/build \
 && /opt/build/bin/pip install --require-hashes -r requirements-build.lock \
 && /opt/build/bin/pip --python /opt/venv/bin/python install --no-compile --require-hashes -r "$REQUIREMENTS"
COPY pyproject.toml README.md LICENSE ./
COPY detectors ./detectors
COPY service ./service
# Byte code that is never compared with the time of its source: a builder may set that anew.
RUN /opt/build/bin/pip wheel --no-build-isolation --no-deps --wheel-dir /opt/dist . \
 && /opt/build/bin/pip --python /opt/venv/bin/python install --no-compile --no-deps /opt/dist/*.whl \
 && find /opt/venv/lib -type d -name tests -prune -exec rm -r {} + \
 && /opt/venv/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/venv/lib

FROM docker.io/library/python:${PYTHON}-slim-bookworm
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="werwatch" \
      org.opencontainers.image.description="Last-mile drift monitor for speech transcription" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# useradd would note the day in /etc/shadow.
RUN echo 'werwatch:x:10001:10001::/data:/usr/sbin/nologin' >> /etc/passwd \
 && echo 'werwatch:x:10001:' >> /etc/group \
 && install -d -o 10001 -g 10001 -m 0700 /data
COPY --from=build /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 WERWATCH_DATA_DIR=/data
USER 10001:10001
VOLUME /data
EXPOSE 8600 9600
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 CMD ["werwatch", "healthcheck"]
ENTRYPOINT ["werwatch"]
CMD ["serve"]
