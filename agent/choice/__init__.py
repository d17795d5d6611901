"""Choice of an artifact and a runtime, by measurements on this machine.

- `variants`: artifacts that are intact and compute the right logits on a runtime.
- `measure`: times and energy of variants, measured in a child process.
- `rank`: the order of variants, by the profile's objective.
- `choose`: runs all of them.
- `cache`: keeps the result for the next start.
- `fallback`: the chosen nets; the next best variant replaces one that fails.
"""
