"""What a page must be like so that everyone can read it; each rule gives a sentence a breach.

Any test that has a page of Chromium open may use it: ``assert problems_of(page) == []``.
"""

from itertools import pairwise

from axe_playwright_python.sync_playwright import Axe

_HEADINGS = "[...document.querySelectorAll('h1, h2, h3, h4, h5, h6')].map(h => Number(h.tagName[1]))"

_THIN = """() => {
    const seen = new Set();
    for (const tag of document.querySelectorAll('.highlight span[class], math')) {
        const around = tag.closest('.cell_input, .cell_output, p, li, td, div').className;
        const kind = `${around} ${tag.tagName} ${tag.className}`;
        if (seen.has(kind)) tag.replaceWith(tag.textContent); else seen.add(kind);
    }
    document.querySelectorAll('tbody tr:nth-child(n + 4)').forEach(row => row.remove());
}"""


def thin(page) -> None:
    """Keep of the coloured words of code, of formulas and of long tables one or a few of each kind.

    What axe-core finds stays the same, in a fifth of the time.
    """
    page.evaluate(_THIN)


def violations_of(page) -> dict[str, list[str]]:
    """Return what axe-core finds, by impact: ``minor``, ``moderate``, ``serious`` or ``critical``."""
    # Without preloading axe does not ask for style sheets again, which a browser refuses to a page read from a file.
    found = Axe().run(page, options={"preload": False, "resultTypes": ["violations"]}).response["violations"]
    by_impact = {}
    for rule in found:
        places = ", ".join(node["target"][0] for node in rule["nodes"][:3])
        by_impact.setdefault(rule["impact"], []).append(f"{rule['id']} at {len(rule['nodes'])} places: {places}")
    return by_impact


def problems_of(page) -> list[str]:
    """Return a sentence for each rule that the page breaks."""
    found = violations_of(page)
    problems = [f"axe-core: {impact}: {rule}" for impact in ("critical", "serious") for rule in found.get(impact, [])]
    if not page.evaluate("document.documentElement.lang"):
        problems.append("The page does not say its language.")
    levels = page.evaluate(_HEADINGS)
    if levels.count(1) != 1:
        problems.append(f"The page has {levels.count(1)} headings of the first level, not one.")
    if levels and levels[0] != 1:
        problems.append("The first heading is not that of the first level.")
    problems += [f"A heading of level {b} follows one of level {a}." for a, b in pairwise(levels) if b > a + 1]
    return problems
