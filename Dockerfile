# The image of web, workers and beat: docker-compose.yml gives each its command.

FROM python:3.11-slim-bookworm AS build
RUN python -m venv /uv && /uv/bin/pip install --no-cache-dir uv
WORKDIR /build
COPY pyproject.toml requirements.lock ./
# pyproject.toml says what a site needs (no test tools); the lock fixes versions and hashes.
RUN /uv/bin/uv venv /site \
    && /uv/bin/uv pip install --no-cache --python /site/bin/python --verify-hashes \
        --requirements pyproject.toml --constraints requirements.lock

FROM python:3.11-slim-bookworm
# For the PDF report: pango sets its text, and a font has to be there.
RUN apt-get update && apt-get install -y --no-install-recommends libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core \
    && rm -rf /var/lib/apt/lists/*
RUN groupadd --gid 10001 hairline \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data hairline \
    && install -d --owner hairline --group hairline --mode 0750 /data /data/run /data/media
COPY --from=build /site /site
WORKDIR /app
COPY manage.py LICENSE ./
COPY inspection_site inspection_site
COPY classifier classifier
COPY ml_training ml_training
COPY templates templates
COPY static static
ENV PATH=/site/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
VOLUME /data
EXPOSE 8000
CMD ["python", "manage.py", "check", "--deploy"]
