// Passkeys: the one button that signs in with one or makes one. Beside it always stands a way without script.

import { PsephosError } from "../errors.ts"
import { hook, optionalHook } from "./dom.ts"
import { PageFault, textField } from "./pageData.ts"

const TIMEOUT_MS = 30_000

type Purpose = "sign-in" | "register"

/** The site refused, by its stable code. */
class Refused extends PsephosError {
  readonly code: string

  constructor(code: string) {
    super(code)
    this.code = code
  }
}

export class PasskeyButton {
  readonly #root: HTMLElement
  readonly #data: unknown
  readonly #purpose: Purpose

  private constructor(root: HTMLElement, data: unknown, purpose: Purpose) {
    this.#root = root
    this.#data = data
    this.#purpose = purpose
  }

  /** Show the button where the browser knows passkeys; elsewhere the page stays as it is. */
  static start(page: Document): void {
    const root = optionalHook(page, "[data-passkey]")
    if (root === null || !("PublicKeyCredential" in window)) return
    const data: unknown = JSON.parse(hook(page, "#page-data").textContent ?? "")
    const purpose = textField(data, "purpose")
    if (purpose !== "sign-in" && purpose !== "register") throw new PageFault("#page-data: purpose.")
    const button = new PasskeyButton(root, data, purpose)
    hook(root, "[data-passkey-button]").addEventListener("click", () => void button.press())
    root.hidden = false
  }

  async press(): Promise<void> {
    this.#say("")
    this.#waiting(true)
    try {
      const options = await this.#post(textField(this.#data, "options"), {})
      const credential = this.#purpose === "sign-in" ? await signIn(options) : await register(options)
      const answer =
        this.#purpose === "sign-in"
          ? { credential, next: textField(this.#data, "next") }
          : { credential, name: "" }
      location.assign(textField(await this.#post(textField(this.#data, "submit"), answer), "next"))
    } catch (error) {
      this.#waiting(false)
      if (error instanceof Refused && error.code === "second-factor-needed") {
        location.assign(textField(this.#data, "factor"))
      } else this.#say(this.#sentence(error))
    }
  }

  #sentence(error: unknown): string {
    const texts = (this.#data as { readonly texts: unknown }).texts
    if (error instanceof Refused) {
      return textField(texts, error.code === "foreign-form" ? "passkey.stale" : "passkey.refused")
    }
    if (error instanceof DOMException && error.name === "InvalidStateError") return textField(texts, "passkey.known")
    if (error instanceof DOMException && error.name !== "TimeoutError") return textField(texts, "passkey.cancelled")
    return textField(texts, "passkey.offline")
  }

  async #post(url: string, body: object): Promise<unknown> {
    const response = await fetch(url, {
      method: "POST",
      body: JSON.stringify(body),
      headers: { "Content-Type": "application/json", "Psephos-CSRF": textField(this.#data, "csrf") },
      cache: "no-store",
      credentials: "same-origin",
      redirect: "error",
      referrerPolicy: "no-referrer",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    const answer: unknown = await response.json()
    if (response.ok) return answer
    throw new Refused(textField(answer, "code"))
  }

  #waiting(waiting: boolean): void {
    hook(this.#root, "[data-passkey-button]", HTMLButtonElement).disabled = waiting
    hook(this.#root, "[data-passkey-status]").hidden = !waiting
  }

  #say(sentence: string): void {
    const error = hook(this.#root, "[data-passkey-error]")
    error.textContent = sentence
    error.hidden = sentence === ""
  }
}

type JsonDescriptor = { readonly id: string; readonly type: "public-key" }

/** Ask the device to sign. @param json - PublicKeyCredentialRequestOptionsJSON, WebAuthn level 3 */
async function signIn(json: unknown): Promise<object> {
  const options = json as { readonly challenge: string; readonly rpId: string; readonly timeout: number }
  const made = await navigator.credentials.get({
    publicKey: {
      challenge: decode(options.challenge),
      rpId: options.rpId,
      timeout: options.timeout,
      userVerification: "required",
    },
  })
  const credential = whole(made)
  const response = credential.response as AuthenticatorAssertionResponse
  return written(credential, {
    authenticatorData: encode(response.authenticatorData),
    clientDataJSON: encode(response.clientDataJSON),
    signature: encode(response.signature),
    userHandle: response.userHandle === null ? null : encode(response.userHandle),
  })
}

/** Ask the device for a new key. @param json - PublicKeyCredentialCreationOptionsJSON, WebAuthn level 3 */
async function register(json: unknown): Promise<object> {
  const options = json as {
    readonly challenge: string
    readonly rp: PublicKeyCredentialRpEntity
    readonly user: { readonly id: string; readonly name: string; readonly displayName: string }
    readonly pubKeyCredParams: PublicKeyCredentialParameters[]
    readonly timeout: number
    readonly excludeCredentials: readonly JsonDescriptor[]
  }
  const made = await navigator.credentials.create({
    publicKey: {
      challenge: decode(options.challenge),
      rp: options.rp,
      user: { ...options.user, id: decode(options.user.id) },
      pubKeyCredParams: options.pubKeyCredParams,
      timeout: options.timeout,
      attestation: "none",
      excludeCredentials: options.excludeCredentials.map(({ id, type }) => ({ id: decode(id), type })),
      authenticatorSelection: { residentKey: "required", requireResidentKey: true, userVerification: "required" },
    },
  })
  const credential = whole(made)
  const response = credential.response as AuthenticatorAttestationResponse
  return written(credential, {
    attestationObject: encode(response.attestationObject),
    clientDataJSON: encode(response.clientDataJSON),
    transports: response.getTransports(),
  })
}

function whole(made: Credential | null): PublicKeyCredential {
  if (made instanceof PublicKeyCredential) return made
  throw new DOMException("The device gave no passkey.", "NotAllowedError")
}

function written(credential: PublicKeyCredential, response: object): object {
  return { id: credential.id, rawId: encode(credential.rawId), type: credential.type, response }
}

function encode(bytes: ArrayBuffer): string {
  const text = Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join("")
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")
}

function decode(text: string): Uint8Array<ArrayBuffer> {
  const bytes = atob(text.replaceAll("-", "+").replaceAll("_", "/"))
  return Uint8Array.from(bytes, (letter) => letter.charCodeAt(0))
}
