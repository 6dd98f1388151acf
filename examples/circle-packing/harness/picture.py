"""A picture of a packing, for the people who look at a result."""
from __future__ import annotations

from packing import Circle

SIDE = 1000


def draw(circles: list[Circle]) -> str:
    """An SVG of the square and its circles, with y upwards."""
    shapes = "\n".join(
        f'  <circle cx="{float(circle.x) * SIDE:.3f}" cy="{(1 - float(circle.y)) * SIDE:.3f}" '
        f'r="{float(circle.r) * SIDE:.3f}"><title>{index}: r = {float(circle.r):.6f}</title></circle>'
        for index, circle in enumerate(circles)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-10 -10 {SIDE + 20} {SIDE + 20}" '
        f'fill="#7aa2f7" fill-opacity="0.5" stroke="#1a1b26" stroke-width="2">\n'
        f'  <rect width="{SIDE}" height="{SIDE}" fill="none"/>\n{shapes}\n</svg>\n'
    )
