"""The Celery application: queues `classify`, `train` and `maint`, settings in `settings.py`."""

import os

from celery import Celery

from inspection_site import logs

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "inspection_site.settings")

app = Celery("hairline")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
logs.watch_tasks()
