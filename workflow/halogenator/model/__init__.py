"""The words of this project as data: transform, rule, library, job, export, configuration."""

from halogenator.model.choice import Choice, Pattern, Window
from halogenator.model.configuration import Config
from halogenator.model.library import Job, JobName, Library, Reading, Recipe
from halogenator.model.request import Conditions, Export
from halogenator.model.transform import Example, Halogenation, HalogenationRule, Transform
from halogenator.model.words import CLASSES, HALOGENATION, HALOGENS, PREPARED, REACTION, TITLE, fingerprint

__all__ = [
    "CLASSES",
    "HALOGENATION",
    "HALOGENS",
    "PREPARED",
    "REACTION",
    "TITLE",
    "Choice",
    "Conditions",
    "Config",
    "Example",
    "Export",
    "Halogenation",
    "HalogenationRule",
    "Job",
    "JobName",
    "Library",
    "Pattern",
    "Reading",
    "Recipe",
    "Transform",
    "Window",
    "fingerprint",
]
