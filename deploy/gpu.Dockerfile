# A GPU worker. It knows no database and holds no secret but its own token. Build from the root:
#     docker build -f deploy/gpu.Dockerfile -t ourvidz/gpu .
# torch's packages bring CUDA along; the host needs NVIDIA's driver and container toolkit.
FROM python:3.11-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /venv
COPY requirements-gpu.txt requirements-nodeps.txt constraints.txt /build/
RUN /venv/bin/pip install -r /build/requirements-gpu.txt \
    && /venv/bin/pip install --no-deps -r /build/requirements-nodeps.txt

FROM python:3.11-slim
RUN useradd --uid 10001 --create-home ourvidz && mkdir /models /loras && chown ourvidz /models /loras
COPY --from=build /venv /venv
WORKDIR /app
COPY workers/__init__.py workers/__init__.py
COPY workers/gpu workers/gpu
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    OURVIDZ_MODELS=/models OURVIDZ_LORAS=/loras
USER 10001
VOLUME ["/models", "/loras"]
# A job that cannot finish in time is handed back: see OURVIDZ_STOP_SECONDS.
STOPSIGNAL SIGTERM
CMD ["python", "-m", "workers.gpu"]
