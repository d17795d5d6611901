from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.runtimes.tensors import GOLDEN_STEP, decode, encoder, golden_rows
from profiles.manifest import Tensor

EVERY_PIXEL = np.arange(256, dtype=np.uint8).repeat(784)[: 256 * 784].reshape(256, 28, 28)


def int8(scale: float, zero_point: int) -> Tensor:
    return Tensor(name="glyphs", dtype="int8", shape=(1, 28, 28), scale=scale, zero_point=zero_point)


def test_float_input_is_the_pixel_divided_by_255() -> None:
    encode = encoder(Tensor(name="glyphs", dtype="float32", shape=(28, 28, 1)))
    batch = encode(EVERY_PIXEL)
    assert batch.shape == (256, 28, 28, 1)
    assert batch.dtype == np.float32
    np.testing.assert_allclose(batch[:, 0, 0, 0], np.arange(256) / 255, rtol=1e-6)


def test_channels_keep_their_order() -> None:
    context = np.arange(3 * 32 * 48, dtype=np.uint32).astype(np.uint8).reshape(1, 3, 32, 48)
    batch = encoder(Tensor(name="context", dtype="int8", shape=(3, 32, 48), scale=1 / 255, zero_point=-128))(context)
    np.testing.assert_array_equal(batch, context.astype(np.int16) - 128)


def test_usual_int8_input_is_the_pixel_minus_128() -> None:
    batch = encoder(int8(1 / 255, -128))(EVERY_PIXEL)
    assert batch.shape == (256, 1, 28, 28)
    assert batch.dtype == np.int8
    assert batch[:, 0, 0, 0].tolist() == list(range(-128, 128))


@given(scale=st.floats(1 / 1000, 1 / 10), zero_point=st.integers(-128, 127), pixel=st.integers(0, 255))
def test_int8_input_is_the_nearest_value_that_can_be_stored(scale: float, zero_point: int, pixel: int) -> None:
    stored = encoder(int8(scale, zero_point))(EVERY_PIXEL[pixel : pixel + 1])
    assert stored.dtype == np.int8
    assert stored[0, 0, 0, 0] == np.clip(np.rint(pixel / 255 / scale) + zero_point, -128, 127)


@pytest.mark.parametrize("glyphs", [np.zeros((0, 28, 28), np.uint8), EVERY_PIXEL[:3]])
def test_encoder_does_not_change_the_glyphs(glyphs: np.ndarray) -> None:
    before = glyphs.copy()
    assert len(encoder(int8(1 / 255, -128))(glyphs)) == len(glyphs)
    np.testing.assert_array_equal(glyphs, before)


@pytest.mark.parametrize("width", [64, 128, 512])
@pytest.mark.parametrize("dtype", ["int8", "float32"])
def test_strips_keep_their_width(dtype: Literal["int8", "float32"], width: int) -> None:
    strips = np.arange(3 * 2 * 32 * width, dtype=np.uint32).astype(np.uint8).reshape(3, 2, 32, width)
    tensor = Tensor(name="strips", dtype=dtype, shape=(2, 32, 128), scale=1 / 255, zero_point=-128)
    expected = strips.astype(np.float32) - 128 if dtype == "int8" else strips.astype(np.float32)
    np.testing.assert_allclose(encoder(tensor)(strips), expected, rtol=1e-6)


@pytest.mark.parametrize(("shape", "order"), [((23, 1, 64), (0, 2, 3, 1)), ((1, 64, 23), (0, 1, 2, 3))])
def test_logits_of_strips_have_a_row_for_each_step(shape: tuple[int, ...], order: tuple[int, ...]) -> None:
    expected = np.random.default_rng(0).integers(-128, 128, (2, 1, 48, 23))
    output = expected.transpose(np.argsort(order)).astype(np.int8)
    logits = decode(output, Tensor(name="logits", dtype="int8", shape=shape, scale=0.5, zero_point=3))
    assert logits.dtype == np.float32
    np.testing.assert_array_equal(logits, (expected[:, 0] - 3) * 0.5)


def test_golden_rows_are_all_logits_or_those_of_some_steps() -> None:
    logits = np.arange(2 * 64 * 23, dtype=np.float32).reshape(2, 64, 23)
    np.testing.assert_array_equal(golden_rows(logits[0]), logits[0])
    rows = golden_rows(logits)
    assert rows.shape == (2, 64 // GOLDEN_STEP * 23)
    np.testing.assert_array_equal(rows[1, :23], logits[1, GOLDEN_STEP // 2])


def test_int8_output_is_converted_to_logits() -> None:
    tensor = Tensor(name="logits", dtype="int8", shape=(11,), scale=0.25, zero_point=-3)
    stored = np.array([[-128, -3, 127]], np.int8)
    logits = decode(stored, tensor)
    assert logits.dtype == np.float32
    assert logits.tolist() == [[-31.25, 0.0, 32.5]]
