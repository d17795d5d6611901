"""Why a picture was read as it was: each step of `vision` as pictures, with a page for people to look at.

`fates` says what became of each candidate, `figures` draws, `pages` writes HTML, `album` puts it all into a folder.
Nothing here is imported unless it is asked for.
"""
