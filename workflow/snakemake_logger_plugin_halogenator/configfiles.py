"""Messages about files of --configfile, which Snakemake reads before the code of this workflow runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from pathlib import Path

_ENDINGS = (".yaml", ".yml", ".json")


def explain(message: str, files: Callable[[], Iterable[Path]]) -> str | None:
    """Return a clear message for an error about a configuration file; None for any other error.

    Args:
        message: Snakemake's message of the error.
        files: returns the configuration files on the command line; called only for a message about one.
    """
    if "configfile" not in message and "Config file" not in message:
        return None
    return next(filter(None, map(_wrong, map(str, files()))), None)


def _wrong(name: str) -> str | None:
    """Return a message in the form of ``UserError`` about a bad configuration file; None for a good one."""
    path = Path(name)
    if not name.endswith(_ENDINGS):
        what, allowed = (
            f"{name} is taken for a configuration file, since it stands behind --configfile",
            "YAML files there",
        )
        return _text(what, name, allowed, f"put targets behind --: snakemake --cores N --configfile FILE -- {name}")
    if not path.is_file():
        if path.is_dir():
            return _text(f"{name} is a folder, not a configuration file", name, "YAML files there", "name a file in it")
        beside = [other.name for other in path.parent.iterdir()] if path.parent.is_dir() else []
        near = get_close_matches(path.name, beside, n=1)
        fix = f"did you mean '{near[0]}'?" if near else "mend the path"
        return _text(f"there is no configuration file {name}", name, f"a file at {path.absolute()}", fix)
    import yaml

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        fix = "save it as UTF-8 text; check quotes, brackets, colons and indentation (spaces, not tabs)"
        reason = " ".join(str(error).split())
        return _text(f"{name} cannot be read as YAML: {reason}", name, "keys with values", fix)
    if not content:
        fix = "write what is to be made into it, or leave it out for all that is shipped"
        return _text(f"{name} holds no key", name, "keys with values", fix)
    if not isinstance(content, dict):
        return _text(f"{name} is not a configuration", name, "keys with values", "see the shipped configs/config.yaml")
    return None


def _text(what: str, where: str, allowed: str, fix: str) -> str:
    return f"halogenator: {what}\n  where:   {where}\n  allowed: {allowed}\n  fix:     {fix}"
