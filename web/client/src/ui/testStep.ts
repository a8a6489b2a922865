// The test of a ballot (Benaloh's challenge): what was sealed is opened on the page and offered as a file.

import { displayCode } from "../crypto/displayCode.ts"
import { encodeBase64url } from "../crypto/encoding.ts"
import type { Terms } from "../protocol/terms.ts"
import { describeAnswer } from "./answers.ts"
import { action, field, fillCode, fillLines, fromTemplate, hook, offerFile } from "./dom.ts"
import { type PageData, textField } from "./pageData.ts"
import type { Sealed } from "./sealing.ts"
import type { Texts } from "./texts.ts"

/** Fill the step. @param request - the very bytes that are posted: the file for another program */
export function fillTest(
  page: Document,
  step: HTMLElement,
  { lang, api }: PageData,
  texts: Texts,
  { terms, sealed, request }: { readonly terms: Terms; readonly sealed: Sealed; readonly request: string },
): void {
  const code = displayCode(sealed.ballot.tracker)
  const file = `psephos-test-${code.slice(0, 5)}.json`
  field(step, "test-posted").hidden = true
  hook(step, "#test-second").hidden = true
  fillCode(page, field(step, "tracker"), code)
  hook(step, "dl#test-list").replaceChildren(
    ...terms.layouts.map(({ question }, i) => {
      const row = fromTemplate(page, "test-row")
      const { lines } = describeAnswer(question, sealed.answers[i] ?? [], lang)
      field(row, "question").textContent = question.text[lang]
      fillLines(page, field(row, "answers"), texts.lines(lines))
      return row
    }),
  )
  field(step, "test-seed").textContent = encodeBase64url(sealed.seed)
  const url = new URL(api, page.baseURI).href
  field(step, "test-command").textContent = texts.say({ key: "test.command", values: { file, url } })
  offerFile(action(step, "save-test", HTMLAnchorElement), file, request)
}

/** The test is on the board: another device can check it. @param index - of its entry */
export function offerSecondDevice(page: Document, step: HTMLElement, { urls }: PageData, texts: Texts, tracker: Uint8Array, index: number): void {
  const posted = field(step, "test-posted")
  posted.textContent = texts.say({ key: "test.posted", values: { n: index } })
  posted.hidden = false
  const text = encodeBase64url(tracker)
  const image = hook(step, "img#test-qr", HTMLImageElement)
  image.addEventListener("load", () => {
    image.hidden = false
  })
  image.src = textField(urls, "testQr").replace("{tracker}", text)
  const link = action(step, "second-device", HTMLAnchorElement)
  link.href = `${textField(urls, "test")}#${text}`
  field(step, "second-address").textContent = new URL(link.href, page.baseURI).href
  hook(step, "#test-second").hidden = false
}
