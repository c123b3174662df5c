"""Scores and thresholds in templates: {{ prediction.score|score }}."""

from django import template

from classifier import scores

register = template.Library()


@register.filter
def score(value: float | None) -> str:
    return "" if value is None else scores.written(value)


@register.filter
def threshold(value: float | None) -> str:
    return "" if value is None else scores.written_threshold(value)
