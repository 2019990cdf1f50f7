"""Small molecules of many kinds, to try a transform on: what natural products seldom have, ions among them."""

from __future__ import annotations

_TEXT = """
CC(=O)[O-] C[NH3+] C[N+](C)(C)C C[n+]1ccccc1 [O-]c1ccccc1 C[N+](=O)[O-] C[N+](C)(C)[O-] [O-][n+]1ccccc1
CN=[N+]=[N-] CC#N CC#CC C=CC C/C=C/C C/C=C\\C CF CCl CBr CI Clc1ccccc1 Brc1ccccc1 Ic1ccccc1 FC(F)(F)c1ccccc1
Cc1ccccc1Cl C[C@H](F)Cl CC(=O)Cl CC=O CC(C)=O CC(C)=NC CC(C)=NO CN=NC CNN CS CSC CSSC CS(C)=O CS(C)(=O)=O
CS(N)(=O)=O CS(=O)(=O)O CP(=O)(O)O COP(=O)(OC)OC CP(C)C OB(O)c1ccccc1 C[Si](C)(C)OC CC(C)(C)[Si](C)(C)OC COCOC
CC(C)(C)OC(=O)NC COC(=O)c1ccccc1 CC(=O)OC CC(=O)NC CC(=O)N CC(=O)N(C)C CN CNC CN(C)C Nc1ccccc1 CNc1ccccc1
CNC(=O)NC COC(=O)OC CC(=O)OC(C)=O CO CC(C)O CC(C)(C)O OCCO Oc1ccccc1 COc1ccccc1 SCc1ccccc1 O=C(O)c1ccccc1
OC(=O)CC(=O)O C1CO1 C1CC1 C1CCCCC1 c1ccncc1 c1cc[nH]c1 c1ccoc1 c1ccsc1 c1c[nH]cn1 Cn1cccc1 O=c1cccc[nH]1
c1ccc2[nH]ccc2c1 C[C@H](N)C(=O)O C[C@@H](O)CC C[C@H]1CCCC[C@@H]1O CC=C=CC CC(=O)CC(C)=O COCc1ccccc1
CC1(C)OCCO1 O=CO CN1CCOCC1 C1CCNCC1 C1CNCCN1 NCc1ccccc1 O=C1c2ccccc2C(=O)N1C FC(F)(F)C(=O)NC
"""
PROBES = tuple(_TEXT.split())
