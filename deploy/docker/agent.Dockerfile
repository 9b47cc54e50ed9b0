# The agent. It needs the enrolment file of its location, and no port open to it.
# Built from the root of the repository, for whichever machine it is built on or, with buildx, for several:
#   docker buildx build --platform linux/amd64,linux/arm64 -f deploy/docker/agent.Dockerfile -t mailprobe-agent .
FROM python:3.11-slim-bookworm AS build
WORKDIR /source
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
# What is built rarely comes first. Nothing is taken that the lock has no hash of, and nothing is compiled.
COPY deploy/docker/agent.lock deploy/docker/build.lock deploy/docker/
RUN python -m venv /opt/mailprobe \
    && /opt/mailprobe/bin/python -m pip install --only-binary :all: --require-hashes -r deploy/docker/agent.lock \
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
LABEL org.opencontainers.image.title="mailprobe-agent" org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/mailprobe /opt/mailprobe
# No home that could be written: the root may be read-only, with /tmp in memory.
ENV PATH=/opt/mailprobe/bin:$PATH HOME=/tmp PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 MAILPROBE_LOG_FORMAT=json
# Metrics for who shares the container's network: MAILPROBE_METRICS_HOST=0.0.0.0 shows them to others.
ENV MAILPROBE_METRICS_PORT=9400
USER 10001:10001
STOPSIGNAL SIGTERM
# Its loop turns. Whether the broker is there is seen in the centre, where a silent location is told to ops.
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 CMD ["python", "-c", "import urllib.request as web; web.urlopen('http://127.0.0.1:9400/metrics', timeout=4)"]
ENTRYPOINT ["mailprobe-agent"]
CMD ["run"]
