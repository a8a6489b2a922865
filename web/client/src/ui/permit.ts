// The page after "Let my ballot in": hands the entry code to the booth that waits in another tab of this browser.

import { hook } from "./dom.ts"
import { EntryGiving } from "./entryChannel.ts"
import { PageFault, textField } from "./pageData.ts"

const PATIENCE_MS = 3_000

/** @throws PageFault */
export function handOver(page: Document): EntryGiving {
  const element = page.getElementById("page-data")
  if (element === null) throw new PageFault("The page has no #page-data.")
  const data: unknown = JSON.parse(element.textContent ?? "")
  const texts = (data as { readonly texts?: unknown }).texts
  const status = hook(page, "#permit-status")
  const say = (key: string): void => {
    status.textContent = textField(texts, key)
  }
  let taken = false
  say("permit.looking")
  setTimeout(() => {
    if (!taken) say("permit.nobody")
  }, PATIENCE_MS)
  return new EntryGiving(textField(data, "election"), textField(data, "tab"), textField(data, "code"), () => {
    taken = true
    say("permit.taken")
  })
}
