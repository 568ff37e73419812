# sdgen's service. Build: docker build -t sdgen .   Run: see compose.yaml
FROM python:3.13-slim AS build
WORKDIR /build
RUN python -m venv /opt/sdgen
ENV PATH=/opt/sdgen/bin:$PATH
COPY requirements requirements
RUN pip install --no-cache-dir --require-hashes --only-binary :all: --requirement requirements/base.txt
# What builds the wheel stays out of the image.
RUN python -m venv /opt/build \
    && /opt/build/bin/pip install --no-cache-dir --require-hashes --only-binary :all: --requirement requirements/build.txt
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY src src
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
    && pip install --no-cache-dir --no-deps /wheels/*.whl

FROM python:3.13-slim
COPY --from=build /opt/sdgen /opt/sdgen
RUN useradd --create-home --uid 10001 sdgen && mkdir -p /data/out /scenarios /targets && chown -R sdgen /data
USER sdgen
WORKDIR /data
ENV PATH=/opt/sdgen/bin:$PATH SDGEN_RUNS_DB=/data/runs.sqlite SDGEN_SCENARIOS_DIR=/scenarios SDGEN_TARGETS_DIR=/targets \
    SDGEN_LOG_LEVEL=info
VOLUME /data
EXPOSE 8765
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD \
    ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8765/api/v1/health', timeout=4)"]
# Any address but loopback needs a token: SDGEN_TOKEN in the environment.
CMD ["sdgen", "serve", "--host", "0.0.0.0", "--port", "8765", "--files-dir", "/data/out"]
