FROM python:3.11.14-slim-bookworm
WORKDIR /app
COPY requirements.lock requirements-extras.lock pyproject.toml README.md LICENSE NOTICE ./
RUN pip install --no-cache-dir -r requirements.lock -r requirements-extras.lock && useradd --system --uid 1000 assay
COPY manage.py ./
COPY running running
COPY config config
COPY labeling labeling
COPY activelearn activelearn
COPY frontend frontend
RUN pip install --no-cache-dir --no-deps . && mkdir /data && chown assay /data
USER assay
ENV ASSAY_HOME=/data PYTHONDONTWRITEBYTECODE=1 PROMETHEUS_MULTIPROC_DIR=/tmp/metrics
CMD ["gunicorn", "config.wsgi:application", "--bind=0.0.0.0:8000", "--worker-class=running.server.Worker", "--workers=2", "--threads=8", "--worker-tmp-dir=/dev/shm", "--no-control-socket", "--forwarded-allow-ips=*"]
