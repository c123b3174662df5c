"""Drawn photos of structures with and without cracks: for first runs, demos and tests."""

from ml_training.synthetic.drawing import DrawnPhoto, draw_photo
from ml_training.synthetic.folder import CAMERA, draw_folder
from ml_training.synthetic.scenes import SCENES

__all__ = ["CAMERA", "SCENES", "DrawnPhoto", "draw_folder", "draw_photo"]
