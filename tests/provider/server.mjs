/* The certified provider `oidc-provider`, for the tests of sign-in: a line of JSON on stdin configures it, a line on
 * stdout names the port, and every further line on stdin puts another configuration behind the same issuer (that is
 * how keys are changed). It ends with its stdin.
 *
 * The login page is the package's own. What is typed as the name may go on with ` acr=… amr=…`, which a provider of
 * the real world would know from the way in which the person signed in. */
import { createServer } from "node:http"
import { createInterface } from "node:readline"
import Provider from "oidc-provider"

console.info = console.error // stdout belongs to the test
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const first = JSON.parse((await lines.next()).value)

let answer = () => {}
const server = createServer((request, response) => answer(request, response))
await new Promise((listening) => server.listen(first.port ?? 0, "127.0.0.1", listening))
const issuer = `http://localhost:${server.address().port}`
answer = provider(first)
process.stdout.write(`${server.address().port}\n`)

for await (const line of lines) {
  answer = provider(JSON.parse(line))
  process.stdout.write("changed\n")
}
server.closeAllConnections()
server.close()

function provider({ clients, keys, people = {}, pushing = false }) {
  const made = new Provider(issuer, {
    clients,
    jwks: { keys },
    acrValues: ["low", "substantial", "high"],
    claims: { openid: ["sub", "acr", "amr"], email: ["email", "email_verified"], profile: ["document"] },
    clientAuthMethods: ["client_secret_basic", "private_key_jwt"],
    conformIdTokenClaims: false,
    cookies: { keys: ["of a provider that forgets everything"] },
    enabledJWA: {
      idTokenEncryptionAlgValues: ["ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW", "RSA-OAEP-256"],
      idTokenEncryptionEncValues: ["A128CBC-HS256", "A256CBC-HS512", "A128GCM", "A256GCM"],
      idTokenSigningAlgValues: ["RS256", "PS256", "ES256", "Ed25519"],
    },
    features: {
      devInteractions: { enabled: true },
      dPoP: { enabled: true, nonceSecret: Buffer.alloc(32, 7), requireNonce: () => true },
      encryption: { enabled: true },
      pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: pushing },
    },
    findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id, ...people[id] }) }),
  })
  const finished = made.interactionFinished.bind(made)
  made.interactionFinished = (request, response, result, options) => {
    if (result.login) {
      const [accountId, ...said] = result.login.accountId.split(" ")
      const how = Object.fromEntries(said.map((word) => word.split("=")))
      result.login = { accountId, acr: how.acr, amr: how.amr?.split(",") }
    }
    return finished(request, response, result, options)
  }
  return made.callback()
}
