"""How well ruled tables are read: `python -m benchmarks.tables --handwriting DIR --paper DIR`.

`drawn` draws tables that held-out writers filled in, and `__main__` photographs and measures them.
"""
