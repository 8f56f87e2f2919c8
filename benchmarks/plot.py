"""Draws what a benchmark found."""

from pathlib import Path

import matplotlib as mpl

mpl.use("svg")
mpl.rcParams["svg.hashsalt"] = "mlflow-lab"  # what is the same is drawn the same

from matplotlib import pyplot


def plot(path: Path, lines: dict[str, dict[int, float]], x: str, y: str) -> None:
    """Write an SVG with a line for each name, through its points; the axes begin at 0, and say what they are."""
    figure, axes = pyplot.subplots(figsize=(6, 3.5), layout="constrained")
    for name, points in lines.items():
        axes.plot(list(points), list(points.values()), marker="o", label=name)
    axes.set(xlabel=x, ylabel=y, xlim=(0, None), ylim=(0, None))
    if len(lines) > 1:
        axes.legend()
    figure.savefig(path, metadata={"Date": None})
