"""Count instructions: `count` runs `work` on an emulated board, with the plugin of qemu in `insn.c`."""
