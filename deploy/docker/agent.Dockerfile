# The agent. It needs the enrolment file of its location, and no open port.
# Build it from the root of the repository, for the present machine's architecture or, with buildx, for several:
#   docker buildx build --platform linux/amd64,linux/arm64 -f deploy/docker/agent.Dockerfile -t mailprobe-agent .
FROM python:3.11-slim-bookworm AS build
WORKDIR /source
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
# What rarely changes comes first. Only packages with a hash in the lock are installed, and nothing is compiled.
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
# HOME is /tmp, because the root file system may be read-only, with /tmp in memory.
ENV PATH=/opt/mailprobe/bin:$PATH HOME=/tmp PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 MAILPROBE_LOG_FORMAT=json
# Metrics for programs in the container's network; MAILPROBE_METRICS_HOST=0.0.0.0 serves them to others.
ENV MAILPROBE_METRICS_PORT=9400
USER 10001:10001
STOPSIGNAL SIGTERM
# Checks only that its event loop runs. The connection to the broker is monitored in the centre, which alerts ops.
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 CMD ["python", "-c", "import urllib.request as web; web.urlopen('http://127.0.0.1:9400/metrics', timeout=4)"]
ENTRYPOINT ["mailprobe-agent"]
CMD ["run"]
