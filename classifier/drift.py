"""Drift and health of a model version: what it does month by month, and whether its scores hold.

Months are those of the visits, so that judging old photos again moves nothing between them. Every
photo is judged by the thresholds that hold now, so that moving them moves nothing either. What
people decided counts only on photos that the version has not learned from.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from math import fsum, log

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from classifier.figures import BINS, Figures, Share
from classifier.intervals import SMALLEST_SAMPLE
from classifier.models import ModelVersion, Structure, TrainingRun
from classifier.states import Outcome, Verdict

MONTHS = 12
"""How many months with photos are shown and compared."""
MOST_STRUCTURES = 30
LIMIT_FLAGGED = 20.0
"""Points. A fifth more or fewer of all photos changes what a day of review is."""
LIMIT_DISMISSED = 15.0
"""Points. About one more false alarm in seven is what reviewers begin to speak of."""
LIMIT_AGREEMENT = 10.0
"""Points, downwards. The network is wrong on a tenth more of what it is sure of."""
LIMIT_POOR = 15.0
"""Points, upwards. So many photos more cannot show fine cracks, and clear ones mean less."""
LIMIT_SCORES = 0.25
"""Population stability index from which two histograms are customarily called different."""
CHANCE_OF_SCORES = 27.9
"""99.9 % of chi-square with 9 degrees of freedom: what chance does to the index, over photos."""


@dataclass(frozen=True)
class Watched:
    """A share of `Figures`, how far it may move (in points, up or down), and what is said then."""

    name: str
    title: str
    limit: float
    ups: bool
    downs: bool
    told: str
    advice: str

    def moved(self, now: Figures, before: Figures) -> bool:
        one, other = self.of(now), self.of(before)
        points = one.percent - other.percent
        is_meant = self.ups if points > 0 else self.downs
        return is_meant and abs(points) >= self.limit and one.lies_apart_from(other)

    def of(self, figures: Figures) -> Share:
        share: Share = getattr(figures, self.name)
        return share


WATCHED = (
    Watched(
        *("flagged", noop("Flagged"), LIMIT_FLAGGED, True, True, noop("photos are flagged")),
        noop("The structure may have changed, or the way photos are taken: look at some of them."),
    ),
    Watched(
        *("dismissed", noop("Dismissed of those to look at"), LIMIT_DISMISSED, True, True),
        noop("reviewed photos that it did not call clear were dismissed"),
        noop("The causes stand on the page of the version; a training run learns from them."),
    ),
    Watched(
        *("agreed", noop("As the reviewer decided"), LIMIT_AGREEMENT, False, True),
        noop("reviewed photos that it was sure of were decided as it said"),
        noop("Draw an audit of clear photos, and train on what was reviewed."),
    ),
    Watched(
        *("poor", noop("With a quality warning"), LIMIT_POOR, True, False),
        noop("photos are blurred, too dark, burnt out or small"),
        noop("Clear ones mean less: ask for better photos."),
    ),
)

Months = list[tuple[date, Figures]]


@dataclass(frozen=True)
class Row:
    """A structure over all its months, with what moved there."""

    pk: int
    name: str
    figures: Figures
    notices: list[str]


@dataclass(frozen=True)
class Bin:
    """Reviewed photos with scores of one tenth; `score` is their mean, 0–1."""

    score: float
    confirmed: Share


@dataclass(frozen=True)
class Drift:
    months: Months
    rows: list[Row]
    notices: list[str]
    reliability: list[Bin]

    @property
    def structures(self) -> list[Row]:
        return self.rows[:MOST_STRUCTURES]

    @property
    def reviewed(self) -> int:
        return sum(each.confirmed.of for each in self.reliability)


def look(version: ModelVersion, *, structure: Structure | None = None) -> Drift:
    """Count what `version` said, of all structures or one, and say what moved."""
    cells, reliability = _counted(version)
    names = Structure.objects.names()
    if structure:
        months = _months([cells[structure.pk]])
        row = _row(structure.pk, structure.name, months)
        return Drift(months, [row] if months else [], row.notices, reliability)
    rows = [_row(pk, names[pk], _months([found])) for pk, found in cells.items()]
    rows.sort(key=lambda row: (not row.notices, -row.figures.photos, row.name))
    months = _months(cells.values())
    notices = [*moves(_("All structures"), months), *(note for row in rows for note in row.notices)]
    return Drift(months, rows, notices, reliability)


Counts = dict[date, Counter[str]]


def _counted(version: ModelVersion) -> tuple[dict[int, Counts], list[Bin]]:
    """Count by structure (by id) and month; and hold the scores against what people confirmed."""
    cells: dict[int, Counts] = defaultdict(lambda: defaultdict(Counter))
    names = ("photos", "flagged", "measured", "poor")
    visits = version.predictions.counts_by_visit(flagged_from=version.flagged_from)
    for structure, day, tenth, *counts in visits:
        cell = cells[structure][day.replace(day=1)]
        cell.update(dict(zip(names, counts, strict=True)))
        cell[f"tenth {min(int(tenth), BINS - 1)}"] += counts[0]
    learned = TrainingRun.objects.taught_files(version)
    scores = []
    for digest, structure, day, score, outcome in version.predictions.answered():
        if digest not in learned:
            is_cracked = outcome == Outcome.CONFIRMED
            cell = cells[structure][day.replace(day=1)]
            cell.update(_answer(version.verdict(score), is_cracked=is_cracked))
            scores.append((score, is_cracked))
    return cells, _reliability(scores)


def _answer(verdict: Verdict, *, is_cracked: bool) -> Iterator[str]:
    if verdict != Verdict.CLEAR:
        yield "looked at"
        if not is_cracked:
            yield "dismissed"
    if verdict != Verdict.UNDECIDED:
        yield "sure"
        if is_cracked == (verdict == Verdict.FLAGGED):
            yield "agreed"


def _reliability(scores: Iterable[tuple[float, bool]]) -> list[Bin]:
    tenths = defaultdict(list)
    for score, is_cracked in scores:
        tenths[min(int(score * BINS), BINS - 1)].append((score, is_cracked))
    return [
        Bin(
            sum(score for score, _ in found) / len(found),
            Share(sum(c for _, c in found), len(found)),
        )
        for _, found in sorted(tenths.items())
    ]


def _months(parts: Iterable[Counts]) -> Months:
    """Add up by month, oldest first, the last ones with photos."""
    found: Counts = defaultdict(Counter)
    for part in parts:
        for month, counts in part.items():
            found[month].update(counts)
    return [(month, Figures(found[month])) for month in sorted(found)[-MONTHS:]]


def _row(pk: int, name: str, months: Months) -> Row:
    return Row(pk, name, _together(months), list(moves(name, months)))


def _together(months: Months) -> Figures:
    counts: Counter[str] = Counter()
    for _month, figures in months:
        counts.update(figures.counts)
    return Figures(counts)


def moves(where: str, months: Months) -> Iterator[str]:
    """Say in words what the newest month does otherwise than those before it, beyond the limits."""
    if len(months) < 2:
        return
    (month, now), before = months[-1], _together(months[:-1])
    when = f"{where}, {date_format(month, 'F Y')}"
    for each in WATCHED:
        if each.moved(now, before):
            then = _("%(share)s in the months before") % {
                "share": f"{each.of(before).percent:.0f} %"
            }
            yield f"{when}: {each.of(now)} {_(each.told)}; {then}. {_(each.advice)}"
    if _scores_moved(now.scores, before.scores):
        spread = _(
            "the scores of %(now)s photos are spread otherwise than those of %(before)s before. "
            "Compare the two histograms, and look at some photos."
        )
        yield f"{when}: {spread % {'now': now.photos, 'before': before.photos}}"


def _scores_moved(now: list[int], before: list[int]) -> bool:
    """Compare two histograms by the population stability index, and that with chance."""
    photos = sum(now), sum(before)
    if min(photos) < SMALLEST_SAMPLE:
        return False
    chance = CHANCE_OF_SCORES * (1 / photos[0] + 1 / photos[1])
    return _stability_index(now, before) >= max(LIMIT_SCORES, chance)


def _stability_index(now: list[int], before: list[int]) -> float:
    shares = [
        [(count + 0.5) / (sum(counts) + len(counts) / 2) for count in counts]
        for counts in (now, before)
    ]
    pairs = zip(*shares, strict=True)
    return fsum((one - other) * log(one / other) for one, other in pairs)
