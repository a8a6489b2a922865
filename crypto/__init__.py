"""Pure mathematics: numbers in, numbers out. No I/O, no database, no clock, no web."""
