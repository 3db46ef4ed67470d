"""The part that the sandbox plays: which text, which tool calls, which accident. `performance` acts it out."""
