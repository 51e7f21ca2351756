"""What a page must be like so that everyone can read it; each rule gives a sentence a breach.

Any test that has a page of Chromium open may use it: ``assert problems_of(page) == []``, and in another colour scheme
``assert pale_texts_of(page) == []``.
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

_MARK_THREE_OF_EACH_COLOUR = """() => {
    const counts = {};
    document.querySelectorAll('.try-contrast').forEach(tag => tag.classList.remove('try-contrast'));
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const tag = texts.currentNode.parentElement, {color, fontSize, fontWeight} = getComputedStyle(tag);
        if (!texts.currentNode.data.trim() || !tag.checkVisibility({visibilityProperty: true})) continue;
        const behind = new Set();
        for (let around = tag; around; around = around.parentElement) {
            const {backgroundColor, opacity} = getComputedStyle(around);
            behind.add(backgroundColor).add(opacity);
            if (backgroundColor.startsWith('rgb(')) break;
        }
        const kind = [color, fontSize, fontWeight, ...behind].join();
        if ((counts[kind] = (counts[kind] || 0) + 1) <= 3) tag.classList.add('try-contrast');
    }
}"""

_RUN = """async ([only, spared]) => {
    axe.configure({rules: [{id: 'color-contrast', selector: '.try-contrast, input, select, textarea'}]});
    const idle = axe._audit.rules.filter(rule => spared.includes(rule.impact));
    // Without preloading axe does not ask for style sheets again, which a browser refuses to a page read from a file.
    const found = await axe.run({preload: false, resultTypes: ['violations'], ...(only && {runOnly: only}),
                                 rules: Object.fromEntries(idle.map(rule => [rule.id, {enabled: false}]))});
    return found.violations;
}"""


def problems_of(page) -> list[str]:
    """Return a sentence for each rule that the page breaks.

    The page is thinned to one of the coloured words of code and of formulas of each kind, and to three rows a table.
    """
    problems = []
    if not page.evaluate("document.documentElement.lang"):
        problems.append("The page does not say its language.")
    levels = page.evaluate(_HEADINGS)
    if levels.count(1) != 1:
        problems.append(f"The page has {levels.count(1)} headings of the first level, not one.")
    if levels and levels[0] != 1:
        problems.append("The first heading is not that of the first level.")
    problems += [f"A heading of level {b} follows one of level {a}." for a, b in pairwise(levels) if b > a + 1]
    page.evaluate(_THIN)
    found = broken_rules(page, spared=("moderate", "minor"))
    return problems + [rule for rule in found if rule.startswith(("critical:", "serious:"))]


def pale_texts_of(page) -> list[str]:
    """Return what is hard to read in the present colours of a page."""
    return broken_rules(page, ["color-contrast"])


def broken_rules(page, rules=None, spared=()) -> list[str]:
    """Return what axe-core finds, with its impact; for the contrast, which takes long, it tries the marked texts.

    The rules are all, or those of these names or of these tags, such as ``wcag2aa``. Those whose impact is among the
    spared ones are not tried.
    """
    page.evaluate(f"if (!window.axe) {{ {Axe().axe_script} }}")
    page.evaluate(_MARK_THREE_OF_EACH_COLOUR)
    return [
        f"{rule['impact']}: {rule['id']} at {len(rule['nodes'])} places: "
        + ", ".join(node["target"][0] for node in rule["nodes"][:3])
        for rule in page.evaluate(_RUN, [rules, spared])
    ]
