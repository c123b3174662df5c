"""The model that ships: the pretrained backbone on all sources, facades and drawn photos last.

The first two phases learn without them. The third, with them, ranks concrete a little worse and
flags far fewer clear facades; the blend of both ends keeps the best of either
(docs/explanation/model-experiments.md).
"""

from ml_training.runs import Phase, Run
from ml_training.sampling import Sampling

LATER = ("saltspot", "drawn")

RUN = Run(
    name="hairline-1.2",
    sampling=Sampling(source_boost={"webwalls": 2.0, "supervisely": 2.0}),
    phases=(
        Phase(steps=3000, sides=(96, 128, 160, 192), learning_rate=4e-4, without=LATER),
        Phase(steps=1500, sides=(128, 192, 256), learning_rate=2e-4, mine_hard=True, without=LATER),
        Phase(steps=3500, sides=(128, 192, 256, 320), learning_rate=2.5e-4, mine_hard=True),
    ),
    blend=(2, 0.6),
    drawn_photos=100,
    sides=(384, 576, 1152),
    strongest_cells=(2, 4, 8),
    patch_bonus=0.2,
    calibration_shares={
        "crosssite_concrete": 3.0,
        "saltspot": 1.0,
        "drawn": 1.0,
        "metu": 0.3,
        "walls": 0.3,
        "supervisely": 0.3,
        "webwalls": 0.3,
        "sdnet2018": 0.3,
        "uavcrack": 0.2,
    },
    attribution=(
        "Backbone: EfficientNet-Lite0 by the TensorFlow authors, Apache License 2.0.",
        "Concrete Crack Images for Classification, Özgenel 2019, CC BY 4.0.",
        "SDNET2018, Maguire, Dorafshan, Thomas 2018, CC BY 4.0.",
        "Supervisely cracks, CC BY 4.0.",
        "CrackImageDatasetForDeepLearning (quay), omu-geolab, CC BY-SA 4.0.",
        "crack-detection, wesleychou7; model-crack, bridging-big-data; Cracks and Potholes in Road "
        "Images, biankatpas; surface-crack-detection, arthurflor23; SaltSpot, JaGuzmanT.",
    ),
    limits=(
        "Made for concrete and render, photographed from within a few metres.",
        "Masonry and wide open joints are outside its ground: it ranks them poorly and flags many.",
        "A crack thinner than about one pixel at 1,152 px on the long side is not seen.",
        "Thresholds come from one foreign set of concrete walls, held-out photos and drawn ones.",
        "It finds what looks like a crack; it does not judge width, depth or danger.",
    ),
)
