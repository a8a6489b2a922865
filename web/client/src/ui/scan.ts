// Reading the QR code of the letter with the camera, where the browser can. The picture never leaves the device.

type Detector = { detect(image: HTMLVideoElement): Promise<readonly { readonly rawValue: string }[]> }
type DetectorClass = new (options: { formats: readonly string[] }) => Detector

declare global {
  interface Window {
    BarcodeDetector?: DetectorClass & { getSupportedFormats(): Promise<readonly string[]> }
  }
}

const LOOK_EVERY_MS = 200
// What stands behind the address in a letter: the code, and since letters name it, the fingerprint of their vote.
const LETTER = /^#code=([^&]+?)(?:&vote=([0-9A-Z-]{29}))?$/

/** Whether this browser can read QR codes with a camera. */
export async function canScan(): Promise<boolean> {
  if (window.BarcodeDetector === undefined || navigator.mediaDevices === undefined) return false
  try {
    return (await window.BarcodeDetector.getSupportedFormats()).includes("qr_code")
  } catch {
    return false
  }
}

/** Show the camera in `video` until a QR code with a voting code is seen: what it holds. Null when the camera cannot be
 * had. Ends, with null, when `signal` aborts. */
export async function scanCode(video: HTMLVideoElement, signal: AbortSignal): Promise<string | null> {
  if (window.BarcodeDetector === undefined) return null
  let stream: MediaStream
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } })
  } catch {
    return null
  }
  try {
    video.srcObject = stream
    video.hidden = false
    await video.play()
    const detector = new window.BarcodeDetector({ formats: ["qr_code"] })
    while (!signal.aborted) {
      const seen = (await detector.detect(video)).find(({ rawValue }) => codeOfScan(rawValue) !== null)
      if (seen !== undefined) return seen.rawValue
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
    }
    return null
  } finally {
    for (const track of stream.getTracks()) track.stop()
    video.srcObject = null
    video.hidden = true
  }
}

/** The voting code in what a QR code holds: the address of a booth with `#code=…`, or the bare code. */
export function codeOfScan(text: string): string | null {
  const code = codeOfFragment(text.slice(text.indexOf("#")))
  if (code !== null) return code
  return /^[0-9A-Za-z -]{28,50}$/.test(text) ? text : null
}

/** The voting code in the fragment of an address. @param fragment - from the `#` on */
export function codeOfFragment(fragment: string): string | null {
  const match = LETTER.exec(fragment)
  if (match === null) return null
  try {
    return decodeURIComponent(match[1]!)
  } catch {
    return null
  }
}

/** The fingerprint that a letter names in its QR code; null where it names none. @param text - all of it */
export function fingerprintOfScan(text: string): string | null {
  return LETTER.exec(text.slice(text.indexOf("#")))?.[2] ?? null
}
