"""Basics that the agent, the converters and the deployment share.

- `errors`: all errors that the project raises on purpose.
- `profile`: board profiles, read from `catalog/*.toml`, and targets.
- `board`: board detection.
- `manifest`: the manifest of a folder of artifacts.
- `atomic_write`: atomic file writes.
- `terminal`: start and end of every command.

No module here imports OpenCV, a runtime or torch.
"""
