"""What axe-core finds wrong with a view.

Contrast takes longer than all other rules together, and hangs on the style alone. So it is looked at once in a process
for each way in which elements stand in each other, by width and scheme: tags, classes and whatever else a style can ask
for, from the text up to the page.
"""

from functools import cache
from typing import Final, Literal

from playwright.sync_api import Page

from tests.support.repository import ROOT

AXE = ROOT / "web/client/node_modules/axe-core/axe.min.js"
UNFOLD: Final = "for (const folded of document.querySelectorAll('main details')) folded.open = true"
WORDS: Final = (
    *(
        "aria-command-name",
        "aria-input-field-name",
        "aria-toggle-field-name",
        "button-name",
        "document-title",
    ),
    *(
        "empty-heading",
        "html-has-lang",
        "html-lang-valid",
        "image-alt",
        "input-button-name",
        "label",
        "link-name",
    ),
    *("select-name", "summary-name", "valid-lang"),
)
"""Rules about words: what may be wrong with the same elements in another language."""
_RUN: Final = """async ([rules, colours, known]) => {
  const UNSTYLED = new Set(["href", "id", "for", "name", "value", "content", "action", "src", "datetime", "title", "d",
    "lang", "hreflang", "aria-describedby", "aria-labelledby", "aria-label", "aria-controls", "autocomplete"])
  const marks = new Map()
  const mark = (element) => {
    if (element === null) return 7
    if (marks.has(element)) return marks.get(element)
    let sum = mark(element.parentElement)
    const written = [...element.attributes].filter(({name}) => !UNSTYLED.has(name))
      .map(({name, value}) => `${name}=${value}`).sort().join()
    const place = [element === element.parentElement?.firstElementChild, element.matches(":checked, :has(> :checked)"),
      element === element.parentElement?.lastElementChild].join()
    for (const letter of `${element.tagName} ${written} ${place}`)
      sum = (Math.imul(sum, 31) + letter.codePointAt(0)) | 0
    marks.set(element, sum)
    return sum
  }
  const seen = new Set(known), fresh = [], texts = []
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement
    if (!walker.currentNode.data.trim() || !element.checkVisibility({visibilityProperty: true})) continue
    const one = mark(element)
    if (seen.has(one)) continue
    seen.add(one)
    fresh.push(one)
    texts.push(element)
  }
  const only = {resultTypes: ["violations"], elementRef: false}
  const found = []
  if (rules)
    found.push(...(await axe.run(document, {...only, ...rules})).violations)
  if (colours && texts.length)
    found.push(...(await axe.run({include: texts}, {...only, runOnly: ["color-contrast"]})).violations)
  return [fresh, found.map(({id, nodes}) => `${id}: ${nodes.map((node) => node.html).join(" ").slice(0, 300)}`)]
}"""
_RULES: Final[dict[str, object]] = {
    "all": {"rules": {"color-contrast": {"enabled": False}}},
    "colours": None,
    "words": {"runOnly": WORDS},
}
_SEEN: Final[dict[str, set[int]]] = {}


@cache
def program() -> str:
    """axe-core itself."""
    assert AXE.is_file(), "axe is not installed: run `make check`"
    return AXE.read_text(encoding="utf-8")


def violations(page: Page, look: Literal["all", "colours", "words"] = "all") -> list[str]:
    """What is wrong with the view as it is shown, folded parts unfolded: rule and elements.

    look: for what; at colours or words where only they can differ from what was looked at.
    """
    page.evaluate(UNFOLD)
    if not page.evaluate("'axe' in window"):
        page.evaluate(program())  # through the debugger, so that the page's policy stays as it is
    style = page.evaluate("`${innerWidth} ${matchMedia('(prefers-color-scheme: dark)').matches}`")
    seen = _SEEN.setdefault(style, set())
    fresh, found = page.evaluate(_RUN, [_RULES[look], look != "words", list(seen)])
    if look != "words":
        seen.update(fresh)
    return [str(one) for one in found]
