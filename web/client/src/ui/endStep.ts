// The one end: "Your vote is in the urn", after the board itself has shown it.

import { displayCode } from "../crypto/displayCode.ts"
import { encodeBase64url } from "../crypto/encoding.ts"
import { countWitnesses } from "../protocol/board.ts"
import { makeReceipt } from "../protocol/receipt.ts"
import type { Terms } from "../protocol/terms.ts"
import type { Outcome } from "./casting.ts"
import { action, addTick, field, fillCode, hook, offerFile, optionalHook } from "./dom.ts"
import { type PageData, textField } from "./pageData.ts"
import type { Sealed } from "./sealing.ts"
import type { Message, Texts } from "./texts.ts"

/** What the end step is filled with. */
export type EndContent = {
  readonly data: PageData
  readonly texts: Texts
  readonly terms: Terms
  readonly sealed: Sealed
  readonly outcome: Outcome & { readonly kind: "in" }
}

/** Fill the step. It shows no choice, and nothing in it needs the voting code. */
export function fillEnd(page: Document, end: HTMLElement, content: EndContent): void {
  const { data, texts, terms, sealed, outcome } = content
  const { ballot } = sealed
  const { entry, promise } = outcome
  const code = displayCode(ballot.tracker)
  const urls = data["urls"]
  const time = texts.time(entry.leaf.time)
  field(end, "cast-time").textContent = texts.say({ key: "end.time", values: { time } })
  const repeated = field(end, "end-sequence")
  repeated.hidden = sealed.sequence === 1
  repeated.textContent = repeated.hidden ? "" : texts.say({ key: "end.sequence", values: { n: sealed.sequence } })
  fillCode(page, field(end, "tracker"), code)
  fillChecks(page, hook(end, "#end-checks"), content)
  const image = hook(end, "img#end-qr", HTMLImageElement)
  image.addEventListener("load", () => {
    image.hidden = false
  })
  image.src = textField(urls, "qr").replace("{tracker}", encodeBase64url(ballot.tracker))
  // Without a promise there is no receipt of the specification's form: the proof of inclusion itself is saved.
  const receipt = promise === null ? entry.answer : makeReceipt(terms, ballot, entry, promise)
  offerFile(action(end, "save", HTMLAnchorElement), `psephos-receipt-${code.slice(0, 5)}.json`, receipt)
  action(end, "check", HTMLAnchorElement).href = `${textField(urls, "check")}?code=${code}`
  for (const [name, url] of [["receipt-pdf", "receiptPdf"], ["receipt-mail", "receiptMail"]] as const) {
    const link = optionalHook(end, `[data-action="${name}"]`, HTMLAnchorElement)
    if (link !== null) link.href = `${textField(urls, url)}?code=${encodeBase64url(ballot.tracker)}`
  }
}

function fillChecks(page: Document, list: Element, { texts, terms, outcome }: EndContent): void {
  const { entry } = outcome
  const n = terms.manifest.witnesses.length
  const k = countWitnesses(terms.manifest, entry.note)
  const quorum = Math.floor(n / 2) + 1
  const say = (message: Message, open = false): void => addTick(page, list, texts.say(message), open)
  list.replaceChildren()
  say({ key: "end.number", values: { n: entry.index } })
  say({ key: "end.server" })
  if (n === 0) say({ key: "end.unwitnessed" }, true)
  else say({ key: "end.witnesses", values: { k, n }, count: n }, k < quorum)
  say({ key: "end.fingerprint", values: { fingerprint: displayCode(terms.fingerprint) } })
}
