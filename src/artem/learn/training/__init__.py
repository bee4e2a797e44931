"""From photos and style pictures to a network and its style vectors."""

from artem.learn.training.loop import Trainer
from artem.learn.training.photos import PhotoFolder
from artem.learn.training.recipe import YARDSTICK, Recipe

__all__ = ["YARDSTICK", "PhotoFolder", "Recipe", "Trainer"]
