"""Trial: masks are used to cut crops, but the cells have no loss of their own."""

from dataclasses import replace

from ml_training.runs.trial_base import RUN as BASE

RUN = replace(BASE, name="trial-no-cell-loss", cell_loss=0.0)
