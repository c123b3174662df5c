"""The Celery application: queues `classify`, `train` and `maint`, settings in `settings.py`."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "inspection_site.settings")

app = Celery("hairline")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
