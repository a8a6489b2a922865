import { PasskeyButton } from "../ui/passkey.ts"

PasskeyButton.start(document)
