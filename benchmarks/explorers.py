"""How soon is a move of an explorer on the screen? Measured in JupyterLab in headless Chromium.

    python benchmarks/explorers.py            about two minutes
    python benchmarks/explorers.py --moves 20 fewer moves of each explorer

A move is a real one: a key pressed on a slider, or the mouse dragged. The clock is the browser's own: from the time
stamp of the input event to the first task after the frame that shows the change, which is made certain by comparing
what is drawn before and after. Chromium renders in software here; with a graphics card it is faster.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
from playwright.sync_api import sync_playwright
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))


from browser.session import CHROMIUM, QUIET, Session, student_lab

IMPORTS = """
from gmmlab.data import MEASURES, load_banknotes, load_faithful, load_penguins, load_wreath
from gmmlab.explore import drag_point, move_threshold, play_em, try_covariances
from gmmlab.mixture import best_fit
faithful, wreath, notes = load_faithful(), load_wreath(), load_banknotes()
penguins = load_penguins()[MEASURES].dropna()
counterfeit = notes.pop("Status") == "counterfeit"
genuine = best_fit(notes[~counterfeit], 1).score_samples(notes)
"""

EXPLORERS = {
    "EM, 272 eruptions": 'play_em(faithful, 3, covariance_type="tied")',
    "EM, 342 penguins, 4 measures": "play_em(penguins, 3)",
    "EM, 1000 points, 14 components": "play_em(wreath, 14, starts=2)",
    "covariances, 272 eruptions": "try_covariances(faithful, range(1, 6), held_out=2)",
    "threshold, 200 banknotes": "move_threshold(notes, genuine, counterfeit, normal_scores=genuine[~counterfeit])",
    "point, 272 eruptions": "drag_point(best_fit(faithful, 3), faithful)",
}

# Listens to the input that reaches the explorer, before the explorer does, and waits for the frame that shows it.
WATCH = """(explorer) => {
    const drawn = () => explorer.querySelector(".gmmlab-charts").innerHTML;
    window.moves = [];
    let before = drawn(), waiting = false;
    const arrived = (event) => {
        if (waiting || (event.type === "pointermove" && event.buttons !== 1)) return;
        waiting = true;
        requestAnimationFrame(() => {
            const channel = new MessageChannel();
            channel.port1.onmessage = () => {
                const after = drawn();
                if (after !== before) window.moves.push(performance.now() - event.timeStamp);
                before = after;
                waiting = false;
            };
            channel.port2.postMessage(0);
        });
    };
    for (const type of ["keydown", "pointermove"]) explorer.addEventListener(type, arrived, true);
}"""


def notebook() -> nbformat.NotebookNode:
    """Return a notebook with a cell for each explorer."""
    new = nbformat.v4
    cells = [new.new_code_cell(source) for source in (IMPORTS.strip(), *EXPLORERS.values())]
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    return new.new_notebook(cells=cells, metadata={"kernelspec": kernel})


def by_keyboard(page, explorer, moves: int) -> None:
    """Press the arrow keys on the explorer's last slider, there and back."""
    slider = explorer.get_by_role("slider").last
    slider.focus()
    last = int(slider.get_attribute("max"))
    page.keyboard.press("Home")
    for move in range(moves):
        page.keyboard.press("ArrowLeft" if (move // last) % 2 else "ArrowRight")
        page.wait_for_timeout(60)


def by_mouse(page, explorer, moves: int) -> None:
    """Drag the point along a circle."""
    box = explorer.locator("svg.gmmlab-drag").bounding_box()
    along = np.linspace(0, 2 * np.pi, moves + 1)
    x = box["x"] + box["width"] * (0.55 + 0.2 * np.cos(along))
    y = box["y"] + box["height"] * (0.45 + 0.2 * np.sin(along))
    page.mouse.move(x[0], y[0])
    page.mouse.down()
    for place in zip(x[1:].tolist(), y[1:].tolist(), strict=True):
        page.mouse.move(*place)
        page.wait_for_timeout(60)
    page.mouse.up()


def latencies(session: Session, call: str, moves: int) -> list[float]:
    """Return the milliseconds that each move took to be on the screen."""
    explorer = session.explorer(session.cell(call))
    explorer.evaluate(WATCH)
    (by_mouse if call.startswith("drag") else by_keyboard)(session.page, explorer, moves)
    return session.page.evaluate("window.moves")


def measure(moves: int, home: Path) -> pd.DataFrame:
    """Return a row for each explorer: moves seen, and the median and 95th percentile of their milliseconds."""
    rows = {}
    with student_lab(home) as (folder, address), sync_playwright() as driver:
        nbformat.write(notebook(), folder / "notebooks" / "explorers.ipynb")
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        session = Session(chromium.new_page(viewport={"width": 1280, "height": 1000}))
        session.open(address.format(notebook="explorers"))
        session.run("from gmmlab.data import", *EXPLORERS.values())
        for name, call in tqdm(EXPLORERS.items(), unit="explorer"):
            took = latencies(session, call, moves)
            if session.complaints or not took:
                raise RuntimeError(f"{name}: {len(took)} of {moves} moves were seen. {session.complaints}")
            rows[name] = {"moves seen": len(took), "median": np.median(took), "95%": np.quantile(took, 0.95)}
        chromium.close()
    return pd.DataFrame(rows).T.round(1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--moves", type=int, default=60, help="moves of each explorer")
    moves = parser.parse_args().moves
    with tempfile.TemporaryDirectory() as home:
        table = measure(moves, Path(home))
    print(f"milliseconds from input to screen; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print(table.to_string())


if __name__ == "__main__":
    main()
