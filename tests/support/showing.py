"""Another page of the site put into a tab that has the style already: loading both takes longer than looking."""

from typing import Final

from playwright.sync_api import Page

_SHOW: Final = """async (address) => {
  const answer = await fetch(address)
  if (!(answer.headers.get("content-type") ?? "").startsWith("text/html")) return null
  const shown = new DOMParser().parseFromString(await answer.text(), "text/html")
  for (const unseen of shown.querySelectorAll("noscript")) unseen.remove()
  document.title = shown.title
  document.documentElement.lang = shown.documentElement.lang
  document.body.replaceWith(document.adoptNode(shown.body))
  for (const hidden of document.querySelectorAll("[data-passkey]")) hidden.hidden = false
  return answer.status
}"""


def show_if_page(tab: Page, address: str) -> int | None:
    """Show the page at this address of the tab's site; its status, None for a file, which is not shown.

    No script of it runs, and the tab keeps its own address and policy.
    """
    status: int | None = tab.evaluate(_SHOW, address)
    return status


def show(tab: Page, address: str) -> int:
    """The same for what is a page."""
    status = show_if_page(tab, address)
    assert status is not None, f"{address} is no page"
    return status
