"""Work counted instead of timed: `insn.c` is qemu's plugin, `count` runs `work` under it, on a planted board."""
