"""Another page of the site put into a tab that has the style already: loading both takes longer than looking."""

from typing import Final

from playwright.sync_api import Page

_SHOW: Final = """async (address) => {
  const answer = await fetch(address)
  if (!answer.headers.get("content-type").startsWith("text/html")) return null
  const shown = new DOMParser().parseFromString(await answer.text(), "text/html")
  document.title = shown.title
  document.documentElement.lang = shown.documentElement.lang
  document.body.replaceWith(document.adoptNode(shown.body))
  for (const hidden of document.querySelectorAll("[data-passkey]")) hidden.hidden = false
  return answer.status
}"""


def show(tab: Page, address: str) -> int | None:
    """Show the page at this address of the tab's site; its status, None for what is no page.

    No script of it runs, and the tab keeps its own address.
    """
    status: int | None = tab.evaluate(_SHOW, address)
    return status
