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

_THREE_OF_EACH_COLOUR = """() => {
    const counts = {}, surplus = [];
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const tag = texts.currentNode.parentElement, {color, fontSize, fontWeight} = getComputedStyle(tag);
        const behind = new Set();
        for (let around = tag; around; around = around.parentElement) {
            const {backgroundColor, opacity} = getComputedStyle(around);
            behind.add(backgroundColor).add(opacity);
            if (backgroundColor.startsWith('rgb(')) break;
        }
        const kind = [color, fontSize, fontWeight, ...behind].join();
        if (!tag.checkVisibility({visibilityProperty: true})) surplus.push(texts.currentNode);
        else if (texts.currentNode.data.trim() && (counts[kind] = (counts[kind] || 0) + 1) > 3)
            surplus.push(texts.currentNode);
    }
    surplus.forEach(text => text.remove());
    for (const tag of [...document.querySelectorAll('body *')].reverse())
        if (!tag.childNodes.length && !tag.matches('img, input')) tag.remove();
}"""


def violations_of(page) -> dict[str, list[str]]:
    """Return what axe-core finds, by impact: ``minor``, ``moderate``, ``serious`` or ``critical``.

    The page is thinned for it: first to one or a few of the coloured words of code, of formulas and of rows of each
    kind, then, for the contrast, which takes long, to three texts of each size and colour on each background.
    """
    # Without preloading axe does not ask for style sheets again, which a browser refuses to a page read from a file.
    options = {"preload": False, "resultTypes": ["violations"]}
    page.evaluate(_THIN)
    found = Axe().run(page, options=options | {"rules": {"color-contrast": {"enabled": False}}}).response["violations"]
    page.evaluate(_THREE_OF_EACH_COLOUR)
    found += Axe().run(page, options=options | {"runOnly": ["color-contrast"]}).response["violations"]
    by_impact = {}
    for rule in found:
        places = ", ".join(node["target"][0] for node in rule["nodes"][:3])
        by_impact.setdefault(rule["impact"], []).append(f"{rule['id']} at {len(rule['nodes'])} places: {places}")
    return by_impact


def problems_of(page) -> list[str]:
    """Return a sentence for each rule that the page breaks; little of the page is left."""
    problems = []
    if not page.evaluate("document.documentElement.lang"):
        problems.append("The page does not say its language.")
    levels = page.evaluate(_HEADINGS)
    if levels.count(1) != 1:
        problems.append(f"The page has {levels.count(1)} headings of the first level, not one.")
    if levels and levels[0] != 1:
        problems.append("The first heading is not that of the first level.")
    problems += [f"A heading of level {b} follows one of level {a}." for a, b in pairwise(levels) if b > a + 1]
    found = violations_of(page)
    return problems + [f"axe-core: {how}: {rule}" for how in ("critical", "serious") for rule in found.get(how, [])]
