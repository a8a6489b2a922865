// The board page: the signed head that the page shows, checked in the browser. Hooks: web/client/README.md.

import { decodeBase64 } from "../crypto/encoding.ts"
import { PsephosError } from "../errors.ts"
import { verifyHead } from "../protocol/board.ts"
import { decodeTerms, verifyFreeze } from "../protocol/terms.ts"
import { Api } from "./api.ts"
import { action, hook } from "./dom.ts"
import { browserShelf, KnownHeads, requireOneLog, type SignedHead } from "./heads.ts"
import { type PageData, PageFault, readPageData, requireNamed, textField } from "./pageData.ts"
import { type Message, Texts } from "./texts.ts"

export class BoardPage {
  readonly #data: PageData
  readonly #texts: Texts
  readonly #api: Api
  readonly #verdict: HTMLElement

  /** @throws PageFault when the page lacks a hook */
  constructor(page: Document) {
    this.#data = readPageData(page)
    this.#texts = new Texts(this.#data)
    this.#api = new Api(this.#data.api)
    this.#verdict = hook(page, "#board-verdict")
    const button = action(page, "verify-head", HTMLButtonElement)
    button.addEventListener("click", () => void this.#verify(button))
    button.hidden = false
  }

  async #verify(button: HTMLButtonElement): Promise<void> {
    if (button.disabled) return
    button.disabled = true
    this.#say([{ key: "board.checking" }])
    try {
      this.#say(await this.#check())
    } catch (error) {
      console.error(error)
      const reason = error instanceof PsephosError ? error.message : String(error)
      this.#say([{ key: "board.bad", values: { reason } }])
    } finally {
      button.disabled = false
    }
  }

  /** The newest head is signed, and continues both the one on the page and the one that this browser kept. */
  async #check(): Promise<readonly Message[]> {
    const terms = decodeTerms(await this.#api.terms(), this.#data.election)
    verifyFreeze(terms)
    requireNamed(this.#data, terms)
    const { manifest } = terms
    const note = await this.#api.checkpoint()
    const signed: SignedHead = { note, head: verifyHead(manifest, note) }
    await requireOneLog(this.#api, { origin: manifest.log_origin, ...this.#shown() }, signed.head)
    const heads = new KnownHeads(browserShelf(), manifest)
    const known = heads.newest?.head
    if (known !== undefined) await requireOneLog(this.#api, known, signed.head)
    heads.keep(signed)
    const good: Message = { key: "board.good", values: { n: Number(signed.head.size) } }
    if (known === undefined) return [good]
    return [good, { key: "board.consistent", values: { from: Number(known.size) } }]
  }

  #shown(): { size: bigint; root: Uint8Array } {
    const { size } = this.#data
    if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 1) throw new PageFault("#page-data: size.")
    return { size: BigInt(size), root: decodeBase64(textField(this.#data, "root")) }
  }

  #say(messages: readonly Message[]): void {
    this.#verdict.textContent = messages.map((message) => this.#texts.say(message)).join(" ")
  }
}
