"""Forms: from a picture of a filled-in sheet to a record with named values.

A TOML file describes a form (`document` parses it to a `form.Form`). `locate` finds the form in a picture by its print,
or by its ArUco marks (`marks`). `montage` cuts the fields out, and the reader reads them all at once. `texts` lists the
strings that a field may have, `values` and `check_digit` are the rules of one field, `expression` those between fields,
and `solve` chooses the likeliest strings that fit. `read_form` puts the steps together; its result is a
`record.Record`. `blank` draws a blank form, `overlay` draws the fields on a picture, and `propose` finds fields.

`same_sheet` tells whether a sheet was seen before, and `demo` shows sheets that `invent` filled in.

`grid` finds the lines of a ruled table, `cells` cuts its cells out, `crossed_out` leaves out numbers that are crossed
out, and `table` has the numbers of each cell. `page_layout` lays fields and cells on pages to be read.
"""
