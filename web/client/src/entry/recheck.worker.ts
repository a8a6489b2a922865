import { recheck } from "../worker/recheck.ts"

addEventListener("message", (event: MessageEvent<unknown>) => postMessage(recheck(event.data)))
