"""Makes Python lack what slim images lack: the libraries of the system that RDKit's drawing module is linked with."""

import sys


class Missing:
    def find_spec(self, name, path=None, target=None):
        if name == "rdkit.Chem.Draw.rdMolDraw2D":
            raise ImportError("libXrender.so.1: cannot open shared object file: No such file or directory")


sys.meta_path.insert(0, Missing())
