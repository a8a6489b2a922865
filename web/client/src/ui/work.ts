// A form that wants its work: it begins when somebody begins to fill in the form, and sending waits for it. Where the
// worker cannot run, the form goes without, and the server counts it by the slower limit.

import type { WorkAnswer, WorkRequest } from "../worker/work.ts"
import { hook } from "./dom.ts"
import { PageFault } from "./pageData.ts"

/** What is used of a Worker. */
export type WorkWorker = {
  postMessage(message: WorkRequest): void
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void
  addEventListener(type: "error", listener: () => void): void
  terminate(): void
}

/** The answer of a worker; "" when it could not do it. The worker is ended. */
export function answerOf(worker: WorkWorker, request: WorkRequest): Promise<string> {
  return new Promise<string>((resolve) => {
    const end = (answer: string): void => {
      worker.terminate()
      resolve(answer)
    }
    worker.addEventListener("message", ({ data }) => {
      const said = data as WorkAnswer
      end("answer" in said ? said.answer : "")
    })
    worker.addEventListener("error", () => end(""))
    worker.postMessage(request)
  })
}

/** @throws PageFault */
export function guardForms(page: Document, start: (url: string) => WorkWorker): void {
  for (const place of page.querySelectorAll<HTMLElement>("[data-work]")) guardForm(place, start)
}

function guardForm(place: HTMLElement, start: (url: string) => WorkWorker): void {
  const form = place.closest("form")
  if (form === null) throw new PageFault("[data-work] stands in no form.")
  const input = hook(place, "[data-work-answer]", HTMLInputElement)
  const status = hook(place, "[data-work-status]")
  let going: Promise<void> | null = null
  let done = false

  const begin = (): Promise<void> => {
    going ??= answerOf(start(place.dataset["worker"] ?? ""), requestOf(place)).then((answer) => {
      input.value = answer
      done = true
    })
    return going
  }

  form.addEventListener("focusin", () => void begin(), { once: true })
  form.addEventListener("input", () => void begin(), { once: true })
  form.addEventListener("submit", (event) => {
    if (done) return
    event.preventDefault()
    status.hidden = false
    const { submitter } = event
    void begin().then(() => {
      status.hidden = true
      form.requestSubmit(submitter)
    })
  })
}

function requestOf(place: HTMLElement): WorkRequest {
  return {
    line: hook(place, "[data-work-on]", HTMLInputElement).value,
    bits: Number(place.dataset["bits"]),
    pieces: Number(place.dataset["pieces"]),
  }
}
