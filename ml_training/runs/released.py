"""The model that ships: the pretrained backbone on all sources, facades and drawn photos last.

The first two phases learn without them, so that the step before the last can be measured on facades
that it has never seen (docs/explanation/model-experiments.md).
"""

from ml_training.runs import Phase, Run
from ml_training.sampling import Sampling

LATER = ("saltspot", "drawn")

RUN = Run(
    name="released",
    sampling=Sampling(source_boost={"webwalls": 2.0, "supervisely": 2.0}),
    phases=(
        Phase(steps=3000, sides=(96, 128, 160, 192), learning_rate=4e-4, without=LATER),
        Phase(steps=1500, sides=(128, 192, 256), learning_rate=2e-4, mine_hard=True, without=LATER),
        Phase(steps=3500, sides=(128, 192, 256, 320), learning_rate=2.5e-4, mine_hard=True),
    ),
    drawn_photos=100,
)
