"""What a contributor's desktop needs to stand in for boards: `arm64` is a board's world, `insn` counts what it does."""
