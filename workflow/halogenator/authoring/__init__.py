"""For those who write transforms: trials on molecules, and advice."""
