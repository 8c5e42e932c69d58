# The web server, the control worker, the scheduler and every manage.py command: the same image, the
# command says which. Build from the repository's root:
#     docker build -f deploy/server.Dockerfile -t ourvidz/server .
FROM python:3.11-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /venv
COPY requirements-server.txt constraints.txt /build/
RUN /venv/bin/pip install -r /build/requirements-server.txt

FROM python:3.11-slim
RUN useradd --uid 10001 --create-home ourvidz && mkdir /data && chown ourvidz /data
COPY --from=build /venv /venv
WORKDIR /app
COPY manage.py ./
COPY ourvidz ourvidz
COPY accounts accounts
COPY jobs jobs
COPY library library
COPY workspace workspace
COPY workers workers
COPY templates templates
COPY locale locale
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    OURVIDZ_DATA_DIR=/data DATABASE_POOL=1
USER 10001
VOLUME /data
EXPOSE 8000
CMD ["python", "-m", "ourvidz.serving", "--bind", "0.0.0.0", "--port", "8000", "ourvidz.asgi:application"]
