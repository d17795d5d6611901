"""How well forms are found and read: `python -m benchmarks.forms --handwriting DIR`.

`designs` are five forms, `filled` writes on them with the digits of held-out writers, `photo` photographs them, and
`__main__` measures.
"""
