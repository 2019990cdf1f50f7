"""What users bring: files of molecules, each format to raw rows. ``reading`` is the door to all of them."""
