"""Scores and thresholds in templates: {{ prediction.score|score }}."""

from django import template
from django.utils.formats import get_format

from classifier import scores

register = template.Library()


@register.filter
def score(value: float | None) -> str:
    return "" if value is None else _localised(scores.written(value))


@register.filter
def threshold(value: float | None) -> str:
    return "" if value is None else _localised(scores.written_threshold(value))


def _localised(text: str) -> str:
    return text.replace(".", str(get_format("DECIMAL_SEPARATOR")))
