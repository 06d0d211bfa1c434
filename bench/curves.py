"""Learning curves as a picture: accuracy against labels, ours and random, as SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.utils.html import format_html_join

Curve = Sequence[tuple[int, float]]
WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 460, 300, 52, 40, 44
COLUMNS = 3
COLORS = {"queue": "#b7791f", "random": "#64748b", "before": "#c53030"}


def svg(
    panels: Mapping[str, Mapping[str, Sequence[Curve]]], goal: float | None = None
) -> str:
    """Return a picture with a panel for each data set; thin lines are single seeds.

    goal: the share of the full accuracy that a dashed line marks; None where the curves are
    of the accuracy itself.
    """
    height = HEIGHT + TOP + BOTTOM
    drawn = "".join(
        f'<g transform="translate(0 {place // COLUMNS * height})">'
        f"{_panel(name, arms, goal, place % COLUMNS * (WIDTH + LEFT))}</g>"
        for place, (name, arms) in enumerate(panels.items())
    )
    width = min(len(panels), COLUMNS) * (WIDTH + LEFT) + 20
    height *= -(-len(panels) // COLUMNS)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        'font-family="system-ui, sans-serif" font-size="13" fill="#475569">'
        f'<rect width="100%" height="100%" fill="#fff"/>{drawn}</svg>\n'
    )


def _panel(
    name: str, arms: Mapping[str, Sequence[Curve]], goal: float | None, offset: int
) -> str:
    most = max(
        labels for curves in arms.values() for curve in curves for labels, _ in curve
    )

    def x(labels: float) -> float:
        return round(offset + LEFT + labels / most * (WIDTH - LEFT), 1)

    def y(accuracy: float) -> float:
        return round(TOP + HEIGHT * (1 - accuracy), 1)

    parts = [
        format_html_join(
            "",
            '<line x1="{}" x2="{}" y1="{}" y2="{}" stroke="#e2e8f0"/>'
            '<text x="{}" y="{}" text-anchor="end">{}</text>',
            (
                (
                    x(0),
                    x(most),
                    y(tick / 4),
                    y(tick / 4),
                    x(0) - 8,
                    y(tick / 4) + 4,
                    tick / 4,
                )
                for tick in range(5)
            ),
        ),
        format_html_join(
            "",
            '<text x="{}" y="{}" text-anchor="middle">{}</text>',
            (
                (x(most * tick / 4), y(0) + 20, round(most * tick / 4))
                for tick in range(5)
            ),
        ),
        f'<text x="{x(0)}" y="24" font-size="15" fill="#0f172a">{name}: {_share(goal)}, by labels</text>',
    ]
    if goal is not None:
        parts.append(
            f'<line x1="{x(0)}" x2="{x(most)}" y1="{y(goal)}" y2="{y(goal)}" '
            'stroke="#0f172a" stroke-dasharray="3 4"/>'
        )
    for row, (arm, curves) in enumerate(arms.items()):
        lines = [" ".join(f"{x(a)},{y(b)}" for a, b in curve) for curve in curves]
        parts += [
            f'<polyline points="{points}" fill="none" stroke="{COLORS[arm]}" '
            'stroke-width="1.6" stroke-opacity=".6"/>'
            for points in lines
        ]
        parts.append(
            f'<text x="{x(most) - 8}" y="{y(0) - 14 - 18 * row}" text-anchor="end" '
            f'fill="{COLORS[arm]}" font-weight="600">{arm}</text>'
        )
    return "".join(map(str, parts))


def _share(goal: float | None) -> str:
    return "accuracy" if goal is None else "share of the full accuracy"
