"""Tools that emulate boards on a desktop: `arm64` emulates a board, `insn` counts the instructions it executes."""
