# SPDX-License-Identifier: Apache-2.0
"""The results as a table on stdout, as results.md and as results.png. results.json has every call's time as well.

Only draw() needs matplotlib, which the environment of the tests does not have.
"""

IDLE_CPU_MAX = 0.02  # an engine that takes more of a core while it waits disturbs the others
COLOURS = {"fp32": "#7f8c9b", "bf16": "#b59a5b", "int8": "#6f9b7f"}
OUR_COLOUR = "#b5403a"


def format_cell(value, pattern):
    return "-" if value is None else format(value, pattern)


def format_part(part):
    """Of the rounds with near (far) processors: median, ratio, how many."""
    return "-" if part is None else \
        f"{part['median_ms']:.3f} ({format_cell(part['ratio'], '.2f')}, {part['rounds']})"


def format_row(row):
    """Column title -> text."""
    warning = " (!)" if row["idle_cpu"] > IDLE_CPU_MAX else ""
    return {
        "network": row["network"], "batch": str(row["batch"]), "threads": str(row["threads"]),
        "engine": f"{row['engine']} {row['version']}", "precision": row["precision"], "attention": row["attention"],
        "median ms": f"{row['median_ms']:.3f}", "min": f"{row['min_ms']:.3f}", "IQR": f"{row['spread_ms']:.3f}",
        "ratio": format_cell(row["ratio"], ".2f"),
        "near": format_part(row["near"]), "far": format_part(row["far"]),
        "GFLOP/s": format_cell(row["gflops"], ".0f"),
        "of peak": format_cell(row["peak_share"], ".0%"), "texts changed": f"{row['texts_changed']}/{row['texts']}",
        "idle CPU": f"{row['idle_cpu']:.1%}{warning}", "tier": row["tier"], "date": row["date"], "CPU": row["cpu"]}


def format_first_word(row):
    return {"network": row["network"], "program": f"{row['program']} {row['version']}", "threads": str(row["threads"]),
            "first word s": f"{row['median_s']:.3f}", "min": f"{row['min_s']:.3f}", "peak MiB": f"{row['peak_mb']:.0f}"}


def format_end_to_end(row):
    return {"network": row["network"], "program": f"{row['program']} {row['version']}", "threads": str(row["threads"]),
            "files": str(row["files"]), "seconds": f"{row['median_s']:.2f}", "min": f"{row['min_s']:.2f}",
            "files/s": f"{row['files'] / row['median_s']:.0f}", "peak MiB": f"{row['peak_mb']:.0f}"}


def markdown_table(rows):
    """[{title: text}] -> lines, in columns that also line up as plain text."""
    titles = list(rows[0])
    widths = {title: max(len(title), *(len(row[title]) for row in rows)) for title in titles}
    lines = ["| " + " | ".join(title.ljust(widths[title]) for title in titles) + " |",
             "|" + "|".join("-" * (widths[title] + 2) for title in titles) + "|"]
    return lines + ["| " + " | ".join(row[title].ljust(widths[title]) for title in titles) + " |" for row in rows]


def describe(machine):
    lines = [f"{machine['cpu']}, {machine['cores']} cores ({', '.join(machine['flags'])}), {machine['date']}, "
             f"cap {machine['cap']}. Milliseconds per image; 1e9 operations or bytes a second:", ""]
    probes = [{"peak of": name} | {f"{n} threads": f"{rate['median']:.1f} (best {rate['best']:.1f})"
                                   for n, rate in rates.items()} for name, rates in machine["peak"].items()]
    return lines + markdown_table(probes)


def make_lines(results):
    machine = results["machine"]
    lines = ["# Benchmark", "", *describe(machine)]
    for title, name, form in (("Networks", "rows", format_row),
                              ("Process start to first word", "first_word", format_first_word),
                              ("From files to text", "end_to_end", format_end_to_end)):
        if results[name]:
            lines += ["", f"## {title}", "", *markdown_table([form(row) for row in results[name]])]
    if results["failures"]:
        lines += ["", "## Did not run", "", *(f"- {what}: {why}" for what, why in results["failures"].items())]
    return lines


def draw_panel(axes, rows, title):
    rows = sorted(rows, key=lambda row: row["median_ms"], reverse=True)
    axes.barh([row["engine"] for row in rows], [row["median_ms"] for row in rows],
              xerr=[row["spread_ms"] / 2 for row in rows], error_kw={"elinewidth": 1, "ecolor": "#333333"},
              color=[OUR_COLOUR if row["is_ours"] else COLOURS[row["precision"]] for row in rows])
    for i, row in enumerate(rows):
        axes.text(row["median_ms"], i, f" {row['median_ms']:.2f}", va="center", fontsize=7)
    axes.set_title(title, fontsize=9)
    axes.tick_params(labelsize=7)
    axes.margins(x=0.15)
    axes.spines[["top", "right"]].set_visible(False)


def draw(results, path):
    """One panel per network and batch size, at the highest thread count."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    n_threads = max(row["threads"] for row in results["rows"])
    rows = [row for row in results["rows"] if row["threads"] == n_threads]
    networks = list(dict.fromkeys(row["network"] for row in rows))
    batches = sorted({row["batch"] for row in rows})
    n_engines = len({row["engine"] for row in rows})
    figure, axes = pyplot.subplots(len(networks), len(batches), squeeze=False, layout="constrained",
                                   figsize=(5 * len(batches), (0.6 + 0.25 * n_engines) * len(networks) + 0.6))
    for i, network in enumerate(networks):
        for k, batch in enumerate(batches):
            panel = [row for row in rows if row["network"] == network and row["batch"] == batch]
            draw_panel(axes[i][k], panel, f"{network}, batch {batch}")
    machine = results["machine"]
    figure.suptitle(f"ms per image, {n_threads} threads: {machine['cpu']}, {machine['date']} (lower is better)",
                    fontsize=10)
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def write(results, output):
    text = "\n".join(make_lines(results)) + "\n"
    (output / "results.md").write_text(text, encoding="utf-8")
    if results["rows"]:
        draw(results, output / "results.png")
    print(text)
