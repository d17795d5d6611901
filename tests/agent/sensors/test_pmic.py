from __future__ import annotations

from collections.abc import Sequence

import pytest

from agent.sensors.pmic import find_pmic, parse_rails

# As a Pi 5 prints it: the channels' numbers of a rail's current and voltage differ.
RAILS = {
    "3V7_WL_SW": (0.08393364, 3.70507200),
    "3V3_SYS": (0.05270712, 3.31013000),
    "1V8_SYS": (0.13955600, 1.80219600),
    "DDR_VDD2": (0.02342076, 1.10769400),
    "DDR_VDDQ": (0.00000000, 0.60805460),
    "1V1_SYS": (0.17762000, 1.10476300),
    "0V8_SW": (0.33894560, 0.80073100),
    "VDD_CORE": (1.42880000, 0.90659250),
    "0V8_AON": (0.00402930, 0.79877710),
    "3V3_DAC": (0.00006105, 3.30980000),
    "3V3_ADC": (0.00036630, 3.30704400),
    "HDMI": (0.02234430, 5.09612000),
}
TEXT = (
    "".join(f" {name}_A current({k})={amperes:.8f}A\n" for k, (name, (amperes, _)) in enumerate(RAILS.items()))
    + "".join(f" {name}_V volt({k})={volts:.8f}V\n" for k, (name, (_, volts)) in enumerate(RAILS.items(), 8))
    + "  EXT5V_V volt(24)=5.12852000V\n   BATT_V volt(25)=0.00000000V\n"
)
PI4 = 'error=1 error_msg="Command not registered"\n'


class Answers:
    """A command that returns the given answers one after another."""

    def __init__(self, *answers: str | None) -> None:
        self.answers = list(answers)

    def __call__(self, argv: Sequence[str]) -> str | None:
        assert tuple(argv) == ("vcgencmd", "pmic_read_adc")
        return self.answers.pop(0)


def test_current_and_voltage_are_paired_by_name() -> None:
    rails_mw = parse_rails(TEXT)
    assert set(rails_mw) == set(RAILS)
    assert rails_mw["VDD_CORE"] == pytest.approx(1428.8 * 0.9065925)
    assert rails_mw["DDR_VDDQ"] == 0


def test_rail_without_current_has_no_power() -> None:
    assert "EXT5V" not in parse_rails(TEXT)


def test_total_is_the_sum_of_the_rails() -> None:
    reader = find_pmic(Answers(TEXT, TEXT), lambda: 7)
    assert reader is not None
    assert "12 rails" in reader.description
    sample = reader.read()
    assert sample is not None
    assert sample.power_mw == pytest.approx(sum(a * v * 1000 for a, v in RAILS.values()))
    assert sample.taken_ns == 7


@pytest.mark.parametrize("answer", [PI4, "", None, "vcio: permission denied\n", "VDD_CORE_A current(7)=nan\n"])
def test_pi_without_current_sensors_has_no_reader(answer: str | None) -> None:
    assert find_pmic(Answers(answer), lambda: 0) is None


@pytest.mark.parametrize("answer", [TEXT[: len(TEXT) // 2], TEXT.replace("HDMI_V", "HDMI_X"), PI4, None])
def test_answer_without_a_rail_is_none(answer: str | None) -> None:
    reader = find_pmic(Answers(TEXT, answer, TEXT), lambda: 0)
    assert reader is not None
    assert reader.read() is None
    assert reader.read() is not None
