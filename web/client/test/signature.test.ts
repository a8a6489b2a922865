import { requireSoundPublicKey, verifySignature } from "../src/crypto/signature.ts"
import { hex, readVectors, runCases } from "./vectors.ts"

const signatures = readVectors("signature")

runCases("public key", signatures.keys, (one) => requireSoundPublicKey(hex(one.public_key)))
runCases("signature", signatures.cases, (one) =>
  verifySignature(hex(one.public_key), hex(one.message), hex(one.signature)),
)
