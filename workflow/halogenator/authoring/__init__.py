"""Help to write transforms: trials on molecules, and advice."""
