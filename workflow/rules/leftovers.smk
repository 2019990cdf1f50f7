# What runs that were killed, or that failed, leave to the next one. Nothing here makes a file.

import shutil

from halogenator.storage.seal import remove_refused

if workflow.is_main_process and not only_looks(sys.argv):
    remove_refused(RESULTS / "work")  # where the run that found them was killed


def clear_leftovers():
    """Remove chunks that are merged: killed at the wrong moment, a run leaves them, and none after it knows of them."""
    if workflow.storage_settings.notemp:
        return
    done = [(f"libraries/{name}", MOLECULES.format(library=name)) for name in CONFIG.libraries]
    for library, transform in CONFIG.jobs:
        done.append((f"products/{library}/{transform}", PRODUCTS.format(library=library, transform=transform)))
    for chunks, merged in done:
        path, folder = RESULTS.parent / merged, RESULTS / "work" / chunks
        if path.exists() and folder.exists() and not is_newer(folder, path):
            shutil.rmtree(folder, ignore_errors=True)
    if IN_STORE:
        clear_store({f"results/work/{chunks}": merged for chunks, merged in done})


def is_newer(folder, path):
    """Whether something in a folder is newer than a file, as chunks are of a job that is being made again."""
    return any(chunk.stat().st_mtime > path.stat().st_mtime for chunk in folder.iterdir())


def clear_store(done):
    """Remove from the store what killed runs left there of merged chunks."""
    stored = workflow.modifier.path_modifier.apply_default_storage("results/work").flags["storage_object"]
    for item in stored.get_subkeys():
        folder = f"results/work{os.path.dirname(item.key.removeprefix(stored.key))}"
        merged = workflow.modifier.path_modifier.apply_default_storage(done[folder]) if folder in done else None
        there = merged and merged.flags["storage_object"]
        if there and there.exists() and item.last_modified.timestamp() <= there.mtime():
            item.delete()
