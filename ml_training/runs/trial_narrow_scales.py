"""Trial: crops are cut near the photo's own size only."""

from dataclasses import replace

from ml_training.runs.trial_base import RUN as BASE

RUN = replace(BASE, name="trial-narrow-scales", sampling=replace(BASE.sampling, scales=(0.8, 1.25)))
