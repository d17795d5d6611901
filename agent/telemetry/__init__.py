"""What a run leaves behind, in a SQLite file that an SD card survives.

    tick → Store → Book (in memory: rows, and minutes added up) → Log (the file: batches, mending, its cap) → report

`schema` has the tables, `migrate` brings older ones along, `room` keeps the file within its bytes.
"""
