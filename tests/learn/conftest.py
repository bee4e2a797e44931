"""Small encoders, networks and photos, made by code."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from drawing import draw_picture
from PIL import Image

from artem.learn.encoders import VGG

TINY_WIDTHS = ((4, 4), (8,))


@pytest.fixture(autouse=True)
def seeded() -> Iterator[None]:
    """The same numbers at every run, and the same arithmetic whatever the processor."""
    threads = torch.get_num_threads()
    torch.manual_seed(0)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    yield
    torch.use_deterministic_algorithms(False)
    torch.set_num_threads(threads)


@pytest.fixture
def tiny_vgg() -> VGG:
    """relu1_1, relu1_2 and relu2_1 with 4, 4 and 8 channels; random weights."""
    vgg = VGG("tiny", TINY_WIDTHS, padding="reflect")
    for parameter in vgg.parameters():
        if parameter.ndim == 4 and parameter.shape[-1] == 3:
            torch.nn.init.kaiming_normal_(parameter)
    vgg.frozen()
    return vgg


@pytest.fixture
def make_photos(tmp_path: Path) -> Callable[[int], Path]:
    """Writes so many PNG photos into a folder and returns it."""

    def make(count: int) -> Path:
        folder = tmp_path / "photos"
        folder.mkdir(exist_ok=True)
        for n in range(count):
            pixels = (draw_picture(48, n)[0].permute(1, 2, 0).numpy() * 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / f"{n:02}.png")
        return folder

    return make
