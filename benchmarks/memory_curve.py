"""A run's memory over time as a picture, for ``full_size.py``."""

from __future__ import annotations

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 760, 260, 60, 40, 24


def draw(samples: list[tuple[str, float, float]]) -> str:
    """Return an SVG of (stage, minutes, MB) samples: the most of each pixel, a label where a stage begins."""
    minutes = max(moment for _, moment, _ in samples)
    most = max(size for _, _, size in samples)
    step = 100 if most < 600 else 250
    top = (int(most / step) + 1) * step
    peaks: dict[int, float] = {}
    for _, moment, size in samples:
        column = round(LEFT + (WIDTH - LEFT - 10) * moment / minutes)
        peaks[column] = max(peaks.get(column, 0), size)
    scale = (HEIGHT - TOP - BOTTOM) / top
    base = HEIGHT - BOTTOM
    line = " ".join(f"{column},{base - size * scale:.1f}" for column, size in sorted(peaks.items()))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        'font-size="12">',
        f"<title>Memory of all processes: at most {most:,.0f} MB in {minutes:,.0f} minutes</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
    ]
    for size in range(0, top + 1, step):
        y = base - size * scale
        parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - 10}" stroke="#ccc"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{size}</text>')
    every = 5 if minutes < 45 else 15
    for moment in range(0, int(minutes) + 1, every):
        x = LEFT + (WIDTH - LEFT - 10) * moment / minutes
        parts.append(f'<text x="{x:.0f}" y="{base + 16}" text-anchor="middle">{moment}</text>')
    starts: dict[str, float] = {}
    for stage, moment, _ in samples:
        starts.setdefault(stage, moment)
    for stage, moment in starts.items():
        x = LEFT + (WIDTH - LEFT - 10) * moment / minutes
        parts.append(f'<path d="M{x:.0f} {TOP}V{base}" stroke="#888" stroke-dasharray="3 3"/>')
        parts.append(f'<text x="{x + 4:.0f}" y="{TOP + 10}">{stage}</text>')
    parts.append(f'<polyline points="{line}" fill="none" stroke="#0b5fa5" stroke-width="1.2"/>')
    parts.append(f'<text x="{WIDTH / 2}" y="{HEIGHT - 6}" text-anchor="middle">minutes</text>')
    parts.append(f'<text x="4" y="{TOP - 8}">MB, all processes together</text></svg>')
    return "\n".join(parts) + "\n"
