FROM python:3.11-slim
WORKDIR /app
COPY requirements.lock pyproject.toml README.md ./
RUN pip install --no-cache-dir -r requirements.lock && useradd --system --uid 1000 assay
COPY . .
RUN pip install --no-cache-dir --no-deps . && mkdir /data && chown assay /data
USER assay
ENV ASSAY_HOME=/data
CMD ["sh", "-c", "python manage.py migrate && python manage.py collectstatic --noinput && exec gunicorn config.wsgi:application --bind 0.0.0.0:8000 --worker-class gthread --workers 2 --threads 8"]
