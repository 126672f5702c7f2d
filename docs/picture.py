"""Makes docs/up.svg, the picture in the README: a real `rumor up`, one of whose peers is killed.

Run it in the root of the repository: `.venv/bin/python docs/picture.py`
"""

import os
import re
import signal
import subprocess
import sys
from html import escape
from pathlib import Path

COLORS = {"rumor": "#7dcfff", "joined": "#9ece6a", "died": "#f7768e", "ended": "#f7768e"}
PLAIN = "#c0caf5"
LINE_HEIGHT, MARGIN, CHARACTER = 18, 16, 7.7


def story() -> list[str]:
    """The lines of a short life of a network."""
    command = [sys.executable, "-m", "rumor", "up", "--every", "3", "--base-port", "3400"]
    lines: list[str] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line.rstrip())
            if sum("GOSSIP1" in line for line in lines) == 4 and "GOSSIP1" in line:
                victim = next(line for line in lines if line.startswith("peer"))
                os.kill(int(victim.rpartition(" ")[2]), signal.SIGKILL)
            if "coverage 7/7" in line and any(line.startswith("died") for line in lines):
                process.send_signal(signal.SIGINT)
    return [*lines[:-1], re.sub(r"rumor-up-\w+", "rumor-up-…", lines[-1])]


def draw(lines: list[str]) -> str:
    """The lines as a terminal shows them, with the prompt above."""
    rows = ["$ make up", *lines]
    width = 2 * MARGIN + CHARACTER * max(map(len, rows))
    height = 2 * MARGIN + LINE_HEIGHT * len(rows)
    texts = "\n".join(
        f'<text x="{MARGIN}" y="{MARGIN + LINE_HEIGHT * (n + 0.75):.0f}" '
        f'fill="{COLORS.get(row.partition(" ")[0], PLAIN)}" xml:space="preserve">{escape(row)}</text>'
        for n, row in enumerate(rows)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" width="{width:.0f}" '
        f'font-family="ui-monospace, Menlo, Consolas, monospace" font-size="12.5">\n'
        f'<rect width="100%" height="100%" rx="8" fill="#1a1b26"/>\n{texts}\n</svg>\n'
    )


if __name__ == "__main__":
    Path(__file__).with_name("up.svg").write_text(draw(story()))
