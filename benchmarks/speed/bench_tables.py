"""The output of the benchmark: Markdown tables, and which targets are met."""

from typing import Any, NamedTuple

from benchmarks.scratch import markdown
from benchmarks.speed import pipeline

# labels of the candidates of bench_epochs, which explains them
CANDIDATE_LABELS = {
    "epoch": "epoch",
    "epoch_augmented": "epoch, augmented",
    "usual_0": "usual loop, 0 workers",
    "usual_2": "usual loop, 2 workers",
    "usual_8": "usual loop, 8 workers",
    "ceiling": "ceiling",
    "products": "products",
    "products_onednn": "products, oneDNN",
    "epoch_bfloat16": "epoch, bfloat16",
    "ceiling_bfloat16": "ceiling, bfloat16",
}


class Target(NamedTuple):
    """The ratio of the seconds of two candidates and its bounds, for some hidden sizes."""

    what: str
    of: str
    to: str
    lower: float | None
    upper: float | None
    hidden_sizes: tuple[int, ...]


ALL_SIZES = (50, 128, 256)
TARGETS = {
    "cpu": [
        Target("times as fast as the usual loop", "usual_0", "epoch", 1.6, None, (50,)),
        Target("times as fast as the usual loop", "usual_0", "epoch", 2.5, None, (128,)),
        Target("the same in bfloat16", "usual_0", "epoch_bfloat16", 2.5, None, (128,)),
        Target("epoch to ceiling", "epoch", "ceiling", None, 1.08, ALL_SIZES),
        Target("products to ceiling", "roofline", "ceiling", 0.6, None, (256,)),
    ],
    "cuda": [Target("times as fast as the usual loop", "usual_8", "epoch", 20, None, ALL_SIZES)],
}
SECONDS_OUTSIDE, NO_OP, FIRST_SECONDS, FIRST_BYTES = 20, 1.5, 6, 600e6
# of all 60,000 images, on a GPU
SECONDS_OF_EPOCH = 1.0


def verdicts(report: dict[str, Any]) -> list[dict[str, Any]]:
    """A row for each target: its name, value, bound, and whether it is met."""
    found = []
    device = "cpu" if report["machine"]["gpu"] is None else "cuda"
    for row in report.get("epochs", []):
        seconds, size = with_roofline(row["seconds"]), row["hidden_size"]
        name = f"{row['cell']} {size}"
        for target in TARGETS[device]:
            if size in target.hidden_sizes:
                figure = seconds[target.of] / seconds[target.to]
                found.append(verdict(f"{name}: {target.what}", figure, target.lower, target.upper))
        if device == "cuda" and size == 128:
            whole = 6 * seconds["epoch"]
            found.append(verdict(f"{name}: seconds an epoch", whole, None, SECONDS_OF_EPOCH))
    if "pipeline" in report:
        whole = report["pipeline"]
        no_op = whole["no_op"]["repro"] / whole["no_op"]["version"]
        found += [
            verdict("repro: seconds outside", whole["outside_training"], None, SECONDS_OUTSIDE),
            verdict("repro of nothing to dvc version", no_op, None, NO_OP),
            verdict("first stages: seconds", whole["first_seconds"], None, FIRST_SECONDS),
            verdict("first stages: bytes", whole["first_memory"], None, FIRST_BYTES),
        ]
    return found


def verdict(what: str, figure: float, lower: float | None, upper: float | None) -> dict[str, Any]:
    met = (lower is None or figure >= lower) and (upper is None or figure <= upper)
    return {"what": what, "figure": figure, "least": lower, "most": upper, "met": met}


def in_markdown(report: dict[str, Any]) -> str:
    """All tables of ``report``, after a line on the machine."""
    machine = report["machine"]
    where = machine["processor"] if machine["gpu"] is None else machine["gpu"]
    parts = [
        f"{where}, {machine['threads']} threads, torch {machine['torch']}; medians of "
        f"{report['rounds']} rounds."
    ]
    if "epochs" in report:
        parts += ["Seconds for 10,000 images:", epochs_table(report["epochs"])]
    if "series" in report:
        rows = [
            [row["method"], f"{row['fit']:.2f}", f"{1000 * row['forecast']:.1f}"]
            for row in report["series"]
        ]
        header = ["the airline series", "fit (s)", "forecast (ms)"]
        parts.append(markdown(header, rows))
    if "pipeline" in report:
        parts.append(pipeline.in_markdown(report["pipeline"]))
    if report["targets"]:
        parts.append(targets_table(report["targets"]))
    return "\n\n".join(parts)


def epochs_table(rows: list[dict[str, Any]]) -> str:
    """A row for each cell and shape; then the ratios of the seconds."""
    works = [name for name in CANDIDATE_LABELS if name in rows[0]["seconds"]]
    header = [
        "cell",
        "hidden, layers, batch",
        *(CANDIDATE_LABELS[name] for name in works),
        "TFLOP/s",
    ]
    lines = []
    for row in rows:
        seconds = row["seconds"]
        # rate of the upper bound, counting only the matrix products of the cells
        rate = row["flops_per_image"] * 10_000 / seconds["ceiling"] / 1e12
        figures = [f"{seconds[name]:.3f}" for name in works]
        lines.append([row["cell"], shape_of(row), *figures, f"{rate:.3f}"])
    return markdown(header, lines) + "\n\n" + ratios_table(rows)


def ratios_table(rows: list[dict[str, Any]]) -> str:
    """Speedups over the usual loop, of an epoch and of the upper bound."""
    first_usual = next(name for name in rows[0]["seconds"] if name.startswith("usual"))
    wanted = {
        f"{CANDIDATE_LABELS[first_usual]} to epoch": (first_usual, "epoch"),
        "upper bound (to ceiling)": (first_usual, "ceiling"),
        "to epoch, bfloat16": (first_usual, "epoch_bfloat16"),
        "epoch to ceiling": ("epoch", "ceiling"),
        "bfloat16: epoch to ceiling": ("epoch_bfloat16", "ceiling_bfloat16"),
        "products to ceiling": ("roofline", "ceiling"),
    }
    lines = []
    for row in rows:
        seconds = with_roofline(row["seconds"])
        ratios = [f"{seconds[of] / seconds[to]:.2f}" for of, to in wanted.values()]
        lines.append([row["cell"], shape_of(row), *ratios])
    return markdown(["cell", "hidden, layers, batch", *wanted], lines)


def with_roofline(seconds: dict[str, float]) -> dict[str, float]:
    """``seconds``, with those of the faster implementation of the products as "roofline"."""
    ways = [taken for name, taken in seconds.items() if name.startswith("products")]
    return {**seconds, "roofline": min(ways)}


def shape_of(row: dict[str, Any]) -> str:
    return f"{row['hidden_size']}, {row['num_layers']}, {row['batch_size']}"


def targets_table(targets: list[dict[str, Any]]) -> str:
    lines = []
    for row in targets:
        bound = f"≥ {row['least']:g}" if row["most"] is None else f"≤ {row['most']:g}"
        lines.append([row["what"], f"{row['figure']:.4g}", bound, "yes" if row["met"] else "no"])
    return markdown(["target", "figure", "bound", "met"], lines)
