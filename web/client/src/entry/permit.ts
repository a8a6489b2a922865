import { handOver } from "../ui/permit.ts"

handOver(document)
