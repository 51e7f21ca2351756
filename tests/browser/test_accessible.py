"""Each rule for pages can be broken."""

import pytest

from browser.accessible import problems_of
from browser.session import new_page

SOUND = '<html lang="en"><title>Birds</title><main><h1>Birds</h1><h2>Bills</h2><p>Long.</p></main></html>'
BREACHES = {
    "no language": (' lang="en"', ""),
    "no first heading": ("<h1>Birds</h1>", ""),
    "two first headings": ("<h2>Bills</h2>", "<h1>Bills</h1>"),
    "a level skipped": ("<h2>Bills</h2>", "<h3>Bills</h3>"),
    "a lower heading first": ("<h1>Birds</h1>", "<h2>Birds</h2><h1>Birds</h1>"),
    "a picture without words": ("<p>Long.</p>", '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">'),
    "pale text": ("<p>", '<p style="color: #aaa">'),
    "one pale text of many": ("<p>Long.</p>", 9 * "<p>Long.</p>" + '<p style="opacity: 0.4">Long.</p>'),
    "pale on its background": ("<p>Long.</p>", 9 * "<p>Long.</p>" + '<p style="background: #555">Long.</p>'),
    "a link without words": ("<p>Long.</p>", '<a href="#bills"></a>'),
}


@pytest.fixture(scope="module")
def page(browser):
    page = new_page(browser)
    yield page
    page.close()


def test_a_sound_page_has_no_problem(page):
    page.set_content(SOUND)
    assert problems_of(page) == []


@pytest.mark.parametrize("breach", BREACHES)
def test_a_breach_is_found(page, breach):
    assert BREACHES[breach][0] in SOUND
    page.set_content(SOUND.replace(*BREACHES[breach]))
    assert problems_of(page) != []
