// The test of a ballot (Benaloh's challenge): what was sealed is opened on the page and offered as a file.

import { displayCode } from "../crypto/displayCode.ts"
import { encodeBase64url } from "../crypto/encoding.ts"
import type { Terms } from "../protocol/terms.ts"
import { describeAnswer } from "./answers.ts"
import { action, field, fillCode, fillLines, fromTemplate, hook, offerFile } from "./dom.ts"
import type { PageData } from "./pageData.ts"
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
