"""Learning from corrections: what people say about readings adjusts the nets.

`from_log` takes corrected readings out of a log and keeps what was learned. `align` finds the characters of a number
whose text is known, and `examples` makes inputs of the nets with the right answers of it. `remember` draws numbers that
must still be read. `fit` fits an adjustment of a net's logits. `learn` puts the steps together, and `judge` says
whether numbers are read better. `agent.choice.learned` has the file of the result, and applies it.
"""
