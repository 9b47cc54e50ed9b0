# The controller: serves the API and runs the pipeline. Other commands: `docker run IMAGE migrate` and so on.
# Build it from the root of the repository, for the present machine's architecture or, with buildx, for several:
#   docker buildx build --platform linux/amd64,linux/arm64 -f deploy/docker/controller.Dockerfile -t mailprobe-controller .
FROM python:3.11-slim-bookworm AS build
WORKDIR /source
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
# What rarely changes comes first. Only packages with a hash in the lock are installed, and nothing is compiled.
COPY deploy/docker/controller.lock deploy/docker/build.lock deploy/docker/
RUN python -m venv /opt/mailprobe \
    && /opt/mailprobe/bin/python -m pip install --only-binary :all: --require-hashes -r deploy/docker/controller.lock \
    && python -m pip install --only-binary :all: --require-hashes -r deploy/docker/build.lock
COPY pyproject.toml README.md LICENSE ./
COPY shared shared
COPY agent agent
COPY controller controller
COPY deploy/__init__.py deploy/
COPY deploy/local deploy/local
RUN python -m pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
    && /opt/mailprobe/bin/python -m pip install --no-deps /wheels/*.whl \
    && /opt/mailprobe/bin/python -m pip uninstall --yes pip setuptools

FROM python:3.11-slim-bookworm
LABEL org.opencontainers.image.title="mailprobe-controller" org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/mailprobe /opt/mailprobe
# HOME is /tmp, because the root file system may be read-only, with /tmp in memory.
ENV PATH=/opt/mailprobe/bin:$PATH HOME=/tmp PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 MAILPROBE_LOG_FORMAT=json
ENV MAILPROBE_HOST=0.0.0.0
USER 10001:10001
EXPOSE 8080
STOPSIGNAL SIGTERM
# Checks liveness, not readiness: a restart does not help when the database is down.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["python", "-c", "import urllib.request as web; web.urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]
ENTRYPOINT ["mailprobe-controller"]
CMD ["serve"]
