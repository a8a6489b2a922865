import { Booth } from "../ui/booth.ts"

new Booth(document)
