"""The kinds of place that can be drawn: what each is made of and what is likely there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ml_training.synthetic.surface import Colour


@dataclass(frozen=True)
class Scene:
    """Possible base colours; `made_of` and `with_` give the probability of each step by name."""

    colours: tuple[Colour, ...]
    made_of: Mapping[str, float]
    with_: Mapping[str, float]
    relief: float = 1.0
    lamp: float = 0.0  # probability that a lamp lights it rather than the sky


SCENES: dict[str, Scene] = {
    "bridge deck": Scene(
        colours=((0.58, 0.56, 0.53), (0.66, 0.63, 0.58), (0.5, 0.49, 0.47)),
        made_of={"broom lines": 0.7, "stones": 0.25, "wear": 0.6, "pores": 0.5},
        with_={
            "sawn joint": 0.45,
            "dark stain": 0.6,
            "repair": 0.25,
            "rust": 0.1,
            "cast shadow": 0.35,
            "painted mark": 0.2,
        },
        relief=1.1,
    ),
    "pier": Scene(
        colours=((0.6, 0.59, 0.56), (0.53, 0.53, 0.51), (0.68, 0.65, 0.59)),
        made_of={"boards": 0.75, "pores": 0.85, "wear": 0.35},
        with_={
            "water streaks": 0.65,
            "efflorescence": 0.3,
            "rust": 0.25,
            "growth": 0.3,
            "twig shadow": 0.2,
            "cast shadow": 0.3,
        },
    ),
    "wall panel": Scene(
        colours=((0.66, 0.66, 0.64), (0.73, 0.72, 0.69), (0.57, 0.58, 0.59)),
        made_of={"pores": 0.9, "wear": 0.2},
        with_={
            "formwork": 0.85,
            "water streaks": 0.3,
            "cables": 0.2,
            "painted mark": 0.15,
            "cast shadow": 0.35,
            "repair": 0.15,
        },
        relief=0.8,
    ),
    "tunnel lining": Scene(
        colours=((0.52, 0.49, 0.43), (0.46, 0.45, 0.42), (0.6, 0.56, 0.48)),
        made_of={"pores": 0.7, "boards": 0.25, "wear": 0.4},
        with_={
            "formwork": 0.5,
            "cables": 0.5,
            "dark stain": 0.55,
            "efflorescence": 0.45,
            "water streaks": 0.4,
            "rust": 0.2,
        },
        lamp=0.85,
    ),
    "abutment": Scene(
        colours=((0.51, 0.5, 0.46), (0.57, 0.54, 0.48), (0.46, 0.46, 0.44)),
        made_of={"boards": 0.4, "wear": 0.65, "pores": 0.6, "stones": 0.15},
        with_={
            "growth": 0.65,
            "water streaks": 0.55,
            "formwork": 0.3,
            "repair": 0.3,
            "twig shadow": 0.35,
            "rust": 0.2,
        },
        relief=1.3,
    ),
    "parking slab": Scene(
        colours=((0.61, 0.61, 0.6), (0.55, 0.55, 0.55), (0.68, 0.67, 0.64)),
        made_of={"pores": 0.3, "wear": 0.5},
        with_={
            "sawn joint": 0.6,
            "dark stain": 0.75,
            "repair": 0.25,
            "painted mark": 0.25,
            "cast shadow": 0.3,
        },
        relief=0.7,
        lamp=0.4,
    ),
    "rendered facade": Scene(
        colours=((0.8, 0.74, 0.62), (0.78, 0.77, 0.74), (0.7, 0.6, 0.5), (0.66, 0.7, 0.7)),
        made_of={"render": 0.9, "wear": 0.2},
        with_={
            "water streaks": 0.4,
            "cables": 0.45,
            "cast shadow": 0.5,
            "twig shadow": 0.3,
            "repair": 0.3,
            "growth": 0.15,
        },
        relief=0.9,
    ),
    "asphalt": Scene(
        colours=((0.33, 0.33, 0.34), (0.42, 0.41, 0.4), (0.5, 0.49, 0.47)),
        made_of={"stones": 1.0, "wear": 0.3},
        with_={
            "repair": 0.45,
            "dark stain": 0.4,
            "sawn joint": 0.2,
            "cast shadow": 0.35,
            "twig shadow": 0.15,
        },
        relief=1.2,
    ),
}
