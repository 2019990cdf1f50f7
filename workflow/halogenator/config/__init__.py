"""The configuration: YAML in layers, read with lines kept, checked by schema, chemistry and file, made a ``Config``."""

from halogenator.config.layers import merge
from halogenator.config.loader import load_config, read_config
from halogenator.config.paths import find_path, lowest_layer
from halogenator.config.rule_files import (
    describe_choices,
    describe_transforms,
    find_transform,
    load_halogenation,
    load_transforms,
    sound_transforms,
)

__all__ = [
    "describe_choices",
    "describe_transforms",
    "find_path",
    "find_transform",
    "load_config",
    "load_halogenation",
    "load_transforms",
    "lowest_layer",
    "merge",
    "read_config",
    "sound_transforms",
]
