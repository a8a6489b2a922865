import { Sealer } from "../worker/sealer.ts"

const sealer = new Sealer((response) => postMessage(response))
addEventListener("message", (event: MessageEvent<unknown>) => sealer.handle(event.data))
