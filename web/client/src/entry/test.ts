import { TestPage } from "../ui/testPage.ts"

new TestPage(document)
