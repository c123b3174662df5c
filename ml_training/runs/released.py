"""The model that ships: the pretrained backbone on all sources but facades, drawn photos last.

The backbone keeps its ImageNet weights up to stride 8, and most cracks that are put on clear crops
come from photos with a mask. The first two phases learn without drawn photos. The third, with
them, ranks concrete a little worse and masonry better; the blend of both ends keeps the best of
either (docs/explanation/model-experiments.md). Facades (`saltspot`) are never learned from: they
tell how many clear photos of an unseen kind are flagged.
"""

from ml_training.architecture import Architecture
from ml_training.augmentation import Augmentation
from ml_training.runs import Phase, Run
from ml_training.sampling import Sampling

LATER = ("drawn",)

RUN = Run(
    name="hairline-1.3",
    architecture=Architecture(frozen_until="block4_add"),
    augmentation=Augmentation(laid_crack=0.7, drawn_crack=0.3, masonry=0.1),
    sampling=Sampling(scales=(0.35, 2.0), source_boost={"webwalls": 2.0, "supervisely": 2.0}),
    held_out_sources=("saltspot",),
    phases=(
        Phase(steps=2800, sides=(96, 128, 160, 192), learning_rate=4e-4, without=LATER),
        Phase(steps=1500, sides=(128, 192, 256), learning_rate=2e-4, mine_hard=True, without=LATER),
        Phase(steps=1200, sides=(128, 192, 256, 320), learning_rate=2.5e-4, mine_hard=True),
    ),
    blend=(2, 0.75),
    drawn_photos=100,
    sides=(384, 576, 1152),
    strongest_cells=(1, 2, 8),
    patch_bonus=0.3,
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
