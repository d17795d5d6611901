"""Which artifact, on which runtime: what proved right and best on this very machine.

`candidates` (what is intact and gives the right logits) -> `measure` (how fast) -> `rank` (which is best);
`choose` runs them and remembers the result.
"""
