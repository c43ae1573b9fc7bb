"""The counter: one file per command group. Translates between Discord and the newsroom; no SQL, no HTTP, no parsing."""
