"""The log of a run: a SQLite file that does not wear out an SD card and survives power cuts.

    events -> LogSink -> Buffer (in memory: rows and rollups) -> LogWriter (the file: batches, repair) -> report

`schema` has the tables, `retention` limits the size of the file.
"""
