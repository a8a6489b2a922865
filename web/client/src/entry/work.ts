import { guardForms } from "../ui/work.ts"

guardForms(document, (url) => new Worker(url))
