"""The site that hosts the classifier app: wiring only, no rules."""

from inspection_site.celery import app as celery_app

__all__ = ["celery_app"]
