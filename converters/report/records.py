"""What others have published: the figures that the tiers are drawn beside."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Record:
    """A published figure on MNIST's test images."""

    name: str
    bytes: int
    """Of the weights; nobody counts the rest of a file."""
    accuracy: float


RECORDS = (
    Record("697 parameters, int8", 697, 0.9900),
    Record("MIRACLE LeNet-5", 1_520, 0.9904),
    Record("MIRACLE LeNet-5", 3_030, 0.9931),
    Record("BitNetMCU CNN", 7_300, 0.9928),
    Record("BitNetMCU CNN", 9_300, 0.9944),
    Record("BitNetMCU 64 wide", 11_000, 0.9953),
    Record("BitNetMCU 96 wide", 13_000, 0.9958),
    Record("Deep Compression LeNet-5", 44_000, 0.9926),
    Record("M3, mean of 30 seeds, fp32", 4_480_000, 0.9970),
)
"""MIRACLE: Havasi et al., 2019. BitNetMCU: github.com/cpldcpu/BitNetMCU. Deep Compression: Han et al., 2016. M3: An et
al., 2020. Many were chosen on the test images, which flatters them by about 0.07 points."""
