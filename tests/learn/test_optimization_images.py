"""What lies between frames and images keeps its values; noise keeps its seed."""

import numpy as np
import pytest
import torch

from artem.learn.optimization.images import frame_of, image_of, white_noise


def test_frames_of_any_shape_keep_their_values() -> None:
    frame = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    np.testing.assert_array_equal(frame_of(image_of(frame)), frame)
    outside = torch.tensor([-0.5, 1.7, 0.5]).view(1, 3, 1, 1)
    assert frame_of(outside).tolist() == [[[0, 255, 128]]]


def test_noise_is_uniform_and_the_same_for_a_seed() -> None:
    noise = white_noise(64, 96, 7)
    assert noise.shape == (1, 3, 64, 96)
    assert noise.min() >= 0
    assert noise.max() < 1
    assert noise.mean() == pytest.approx(0.5, abs=0.01)
    assert noise.var() == pytest.approx(1 / 12, abs=0.002)
    assert torch.equal(noise, white_noise(64, 96, 7))
    assert not torch.equal(noise, white_noise(64, 96, 8))
