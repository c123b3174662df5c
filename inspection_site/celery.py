"""The Celery application: queues `classify`, `train` and `maint`, settings in `settings.py`."""

import os
from typing import Any

from celery import Celery, signals
from django.conf import settings

from inspection_site import broker, logs

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "inspection_site.settings")

app = Celery("hairline")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
logs.watch_tasks()
broker.forgive()


@signals.worker_init.connect
def answer_the_census(**_kwargs: object) -> None:
    """Let this worker say which version it runs and which queues it serves."""
    from celery.worker.control import inspect_command  # of workers alone

    inspect_command(name="hairline_facts")(_facts)


def _facts(state: Any) -> dict[str, object]:
    queues = [queue.name for queue in state.consumer.task_consumer.queues]
    return {"version": settings.VERSION, "queues": queues}
