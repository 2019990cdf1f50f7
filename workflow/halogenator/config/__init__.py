"""The configuration: YAML in layers, read with lines kept, checked by schema, chemistry and file, made a ``Config``."""

from halogenator.config.loader import find_path, load_config, merge, read_config
from halogenator.config.transforms import find_transform, load_halogenation, load_transforms, sound_transforms

__all__ = [
    "find_path",
    "find_transform",
    "load_config",
    "load_halogenation",
    "load_transforms",
    "merge",
    "read_config",
    "sound_transforms",
]
