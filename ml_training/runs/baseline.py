"""The small CNN known from METU, by the same command on the same data: what every claim is
compared with.
"""

from ml_training.architecture import Architecture
from ml_training.augmentation import AS_IT_IS
from ml_training.runs import Phase, Run
from ml_training.runs.released import RUN as RELEASED
from ml_training.sampling import Sampling

RUN = Run(
    name="baseline",
    architecture=Architecture(kind="small", frozen_until=""),
    augmentation=AS_IT_IS,
    sampling=Sampling(scales=(0.5, 0.56), mosaic=0.0),
    phases=(Phase(steps=1500, sides=(128,), learning_rate=1e-3),),
    sources=("metu",),
    held_out_sources=("saltspot",),
    sides=(512,),
    strongest_cells=(8,),
    largest_zoom=0.56,
    calibration_shares=RELEASED.calibration_shares,
    cell_loss=0.0,
    limits=("For comparison only: trained on METU alone, as it is published.",),
)
