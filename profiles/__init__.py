"""What a board is, and what an artifact promises.

- `errors`: the tree of all our errors.
- `profile`: a board's profile, read from `catalog/*.toml`, and what a target name stands for.
- `board`: which board this is, from its device tree.
- `manifest`: what a folder of artifacts holds and promises.

Nothing here imports OpenCV, a runtime or torch.
"""
