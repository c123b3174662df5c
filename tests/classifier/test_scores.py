import pytest
from django.template.loader import render_to_string

from classifier.scores import written, written_threshold


@pytest.mark.parametrize(
    ("score", "text"),
    [
        (0.87, "0.87"),
        (0.9949, "0.99"),
        (0.9977, "> 0.99"),
        (1.0, "1.00"),
        (0.0, "0.00"),
        (0.0004, "< 0.01"),
        (0.006, "0.01"),
    ],
)
def test_a_score_is_never_rounded_to_certainty(score: float, text: str) -> None:
    assert written(score) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.7, "0.70"), (0.998, "0.998"), (0.004, "0.004"), (1, "1.00")]
)
def test_a_threshold_is_never_rounded_to_the_end_of_the_scale(value: float, text: str) -> None:
    assert written_threshold(value) == text


def test_badges_and_bars_write_scores_so() -> None:
    context = {"kind": "flagged", "verdict": "flagged", "score": 0.9977}
    for name in ("_badge", "_score"):
        page = render_to_string(f"components/{name}.html", context)
        assert "&gt; 0.99" in page
        assert "1.00" not in page
