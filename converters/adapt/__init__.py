"""Adapt the nets that ship to corrected readings, on a desktop.

`corrections` loads exported corrections. `head` folds what was learned into the last layer of a net. `adapt` puts the
steps together and judges the result, and `page` shows the corrections that are read differently now.
"""
