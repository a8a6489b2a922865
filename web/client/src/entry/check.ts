import { CheckPage } from "../ui/check.ts"

new CheckPage(document)
