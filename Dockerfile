# Kept minimal and NOT RUN in the project's own checks, which have no container engine; hadolint reads it. One image for all
# three processes: docs/DEPLOY.md has their commands, the environment and the order.
FROM python:3.12-slim-bookworm

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HUB_EMBEDDED=false HUB_VAR=/var/lib/hub
WORKDIR /srv/hub

COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt \
    && useradd --system --uid 10001 --home-dir /var/lib/hub --create-home hub
COPY . .
# Static files need settings and no server; nothing of these values stays.
RUN DEBUG=false DATABASE_URL=postgresql://nobody@127.0.0.1:9/none REDIS_URL=redis://127.0.0.1:9/0 \
    SECRET_KEY=build GEMINI_API_KEY=build HUB_VAR=/tmp/build \
    FIELD_ENCRYPTION_KEYS=b:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA \
    FIELD_INDEX_KEYS=b:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA \
    API_KEY_PEPPERS=b:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA \
    AUDIT_SIGNING_KEYS=b:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA \
    python manage.py collectstatic --noinput && rm -rf /tmp/build

USER 10001
EXPOSE 8000
CMD ["gunicorn", "hub.asgi", "--worker-class", "hub.serving.worker.HubWorker", "--logger-class", "hub.serving.logs.HubLogger", "--asgi-lifespan", "off", "--graceful-timeout", "30", "--no-control-socket", "--bind", "0.0.0.0:8000"]
