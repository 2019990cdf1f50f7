# What runs that were killed, or that failed, leave to the next one. Nothing here makes a file.

import shutil

from halogenator.storage.seal import remove_refused

if workflow.is_main_process and not only_looks(sys.argv):
    remove_refused(RESULTS / "work")  # where the run that found them was killed


def up_to_date():
    """{folder of chunks: merged file} of what this run has made, or found as it should be.

    Others may be there while they are made again, their new chunks beside their old file.
    """
    dag, found = workflow.dag, {}
    for task in dag.jobs:
        names = task.wildcards_dict
        if dag.needrun(task) and not dag.finished(task):
            continue
        if task.rule.name == "merge_products":
            found["results/work/products/{library}/{transform}".format(**names)] = PRODUCTS.format(**names)
        elif task.rule.name == "merge_library":
            found["results/work/libraries/{library}".format(**names)] = MOLECULES.format(**names)
    return found


def clear_leftovers():
    """Remove chunks that are merged: killed at the wrong moment, a run leaves them, and none after it knows of them."""
    if workflow.storage_settings.notemp:
        return
    done = up_to_date()
    for chunks, merged in done.items():
        if (RESULTS.parent / merged).exists():
            shutil.rmtree(RESULTS.parent / chunks, ignore_errors=True)
    if IN_STORE:
        clear_store(done)


def clear_store(done):
    """Remove from the store what killed runs left there of merged chunks."""
    stored = workflow.modifier.path_modifier.apply_default_storage("results/work").flags["storage_object"]
    for item in stored.get_subkeys():
        folder = f"results/work{os.path.dirname(item.key.removeprefix(stored.key))}"
        merged = workflow.modifier.path_modifier.apply_default_storage(done[folder]) if folder in done else None
        if merged and merged.flags["storage_object"].exists():
            item.delete()
