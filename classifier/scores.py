"""How a score is written: two decimals that never claim a certainty which is not there."""


def written(score: float) -> str:
    """Return 0.87, but “> 0.99” and “< 0.01” where rounding would give 1.00 or 0.00."""
    text = f"{score:.2f}"
    if text == "1.00" and score < 1:
        return "> 0.99"
    return "< 0.01" if text == "0.00" and score > 0 else text


def written_threshold(value: float) -> str:
    """Return 0.70, with more decimals where two would give 1.00 or 0.00."""
    text = f"{value:.2f}"
    return text if text not in ("1.00", "0.00") or value in (0, 1) else f"{value:.6f}".rstrip("0")
