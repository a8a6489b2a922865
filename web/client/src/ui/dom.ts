// Finding and filling the hooks of a page. Text is written as text only; a missing hook is named at once.

import { PageFault } from "./pageData.ts"

type Constructor<T extends Element> = abstract new (...args: never[]) => T

/** The one element for `selector`. @throws PageFault when it is missing or of another type */
export function hook<T extends Element = HTMLElement>(
  root: ParentNode,
  selector: string,
  type?: Constructor<T>,
): T {
  const element = optionalHook(root, selector, type)
  if (element === null) throw new PageFault(`The page has no ${selector}.`)
  return element
}

/** The element for `selector`, or null. @throws PageFault when it is of another type */
export function optionalHook<T extends Element = HTMLElement>(
  root: ParentNode,
  selector: string,
  type?: Constructor<T>,
): T | null {
  const element = root.querySelector(selector)
  if (element !== null && type !== undefined && !(element instanceof type)) {
    throw new PageFault(`The page's ${selector} is a ${element.tagName}.`)
  }
  return element as T | null
}

/** `[data-field="name"]`. */
export function field(root: ParentNode, name: string): HTMLElement {
  return hook(root, `[data-field="${name}"]`)
}

/** `[data-action="name"]`. */
export function action<T extends HTMLElement = HTMLElement>(root: ParentNode, name: string, type?: Constructor<T>): T {
  return hook<T>(root, `[data-action="${name}"]`, type)
}

/** A fresh copy of what `template#id` holds. */
export function fromTemplate(page: Document, id: string): DocumentFragment {
  return page.importNode(hook(page, `template#${id}`, HTMLTemplateElement).content, true)
}

/** One line of text per entry, each from `template#line`. */
export function fillLines(page: Document, target: Element, lines: readonly string[]): void {
  target.replaceChildren(
    ...lines.map((line) => {
      const copy = fromTemplate(page, "line")
      const element = copy.firstElementChild
      if (element === null) throw new PageFault("template#line is empty.")
      element.textContent = line
      return copy
    }),
  )
}

/** A code as groups that stay whole, each from `template#code-group`. */
export function fillCode(page: Document, target: Element, code: string): void {
  target.replaceChildren(
    ...code.split("-").flatMap((group) => {
      const copy = fromTemplate(page, "code-group")
      const element = copy.firstElementChild
      if (element === null) throw new PageFault("template#code-group is empty.")
      element.textContent = group
      return [copy, " "]
    }),
  )
}

/** Add one line of `template#tick`. open: said, not ticked. */
export function addTick(page: Document, list: Element, text: string, open = false): void {
  const copy = fromTemplate(page, "tick")
  field(copy, "text").textContent = text
  copy.firstElementChild?.classList.toggle("is-open", open)
  list.append(copy)
}

/** Let a link save `content` as a file. The old file of the link is forgotten. */
export function offerFile(link: HTMLAnchorElement, name: string, content: string): void {
  if (link.href.startsWith("blob:")) URL.revokeObjectURL(link.href)
  link.href = URL.createObjectURL(new Blob([content], { type: "application/json" }))
  link.download = name
}

/** Show a mistake in the summary and at its field, or take both away (message null). */
export class ErrorPlace {
  readonly #summary: HTMLElement
  readonly #link: HTMLAnchorElement
  readonly #message: HTMLElement | null
  readonly #text: HTMLElement | null

  /** @param summaryRoot - holds `[data-error-summary]` @param messageRoot - holds `[data-error-message]`, if any */
  constructor(summaryRoot: ParentNode, messageRoot: ParentNode | null) {
    this.#summary = hook(summaryRoot, "[data-error-summary]")
    this.#link = hook(this.#summary, "a[data-error-link]", HTMLAnchorElement)
    this.#message = messageRoot === null ? null : hook(messageRoot, "[data-error-message]")
    this.#text = this.#message === null ? null : hook(this.#message, "[data-error-text]")
  }

  /** @param input - the field or fieldset that is wrong @param target - what the summary's link leads to */
  show(sentence: string, input: HTMLElement | null, target: HTMLElement | null = input): void {
    this.clear()
    this.#link.textContent = sentence
    if (target !== null && target.id !== "") this.#link.href = `#${target.id}`
    this.#summary.hidden = false
    if (this.#message !== null && this.#text !== null) {
      this.#text.textContent = sentence
      this.#message.hidden = false
      if (input !== null) describe(input, this.#message.id)
      input?.closest("[data-form-group]")?.classList.add("govuk-form-group--error")
    }
    this.#summary.focus()
  }

  get visible(): boolean {
    return !this.#summary.hidden
  }

  clear(): void {
    this.#summary.hidden = true
    if (this.#message === null) return
    this.#message.hidden = true
    const { id } = this.#message
    const group = this.#message.closest("[data-form-group]")
    group?.classList.remove("govuk-form-group--error")
    for (const input of group?.querySelectorAll<HTMLElement>("[aria-invalid]") ?? []) undescribe(input, id)
  }
}

function describe(input: HTMLElement, id: string): void {
  input.setAttribute("aria-invalid", "true")
  const ids = (input.getAttribute("aria-describedby") ?? "").split(" ").filter((each) => each !== "" && each !== id)
  input.setAttribute("aria-describedby", [...ids, id].join(" "))
}

function undescribe(input: HTMLElement, id: string): void {
  input.removeAttribute("aria-invalid")
  const ids = (input.getAttribute("aria-describedby") ?? "").split(" ").filter((each) => each !== "" && each !== id)
  if (ids.length > 0) input.setAttribute("aria-describedby", ids.join(" "))
  else input.removeAttribute("aria-describedby")
}
