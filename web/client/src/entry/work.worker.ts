import { work } from "../worker/work.ts"

addEventListener("message", (event: MessageEvent<unknown>) => postMessage(work(event.data)))
