import { BoardPage } from "../ui/board.ts"

new BoardPage(document)
