"""Explain why a picture was read as it was: pictures of each step of `vision`, and web pages that show them.

`outcomes` finds the reason for each candidate, `figures` draws, `markup` writes HTML, and `report` writes the folder.
It is imported only by `digit-agent read --explain`.
"""
