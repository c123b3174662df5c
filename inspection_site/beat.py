"""The clock that rings for the sweeper, also when the time of day is set back."""

from typing import Any

from celery.beat import PersistentScheduler


class Steady(PersistentScheduler):
    """Celery's own waits until the time of day is where it was, and nothing is swept meanwhile."""

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Run what is due; return the seconds until the next look."""
        entries = self.schedule.values()
        if any(entry.last_run_at > entry.default_now() for entry in entries):
            for entry in entries:
                entry.last_run_at = min(entry.last_run_at, entry.default_now())
            self._heap = None  # ordered by times that are not to come for long
        return float(super().tick(*args, **kwargs))
