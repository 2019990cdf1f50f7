"""Which products are made by an edit, and which are left to RunReactants: small SMIRKS on small molecules.

An edit and RunReactants give the same products. So a template or a match that is refused without need costs only time,
and no other test would notice it.
"""

from __future__ import annotations

import pytest

from halogenator.chemistry.kernel import Kernel
from halogenator.chemistry.molecules import quiet
from halogenator.model import Transform

quiet()
# SMIRKS, parent, its products: + by an edit, - by RunReactants.
TABLE = r"""
[cH:1]>>[c:1]B  c1ccccc1  +Bc1ccccc1
[cH:1]>>[c:1]C  c1ccccc1  +Cc1ccccc1
[cH:1]>>[c:1]N  c1ccccc1  +Nc1ccccc1
[cH:1]>>[c:1]O  c1ccccc1  +Oc1ccccc1
[cH:1]>>[c:1]F  c1ccccc1  +Fc1ccccc1
[cH:1]>>[c:1]P  c1ccccc1  +Pc1ccccc1
[cH:1]>>[c:1]S  c1ccccc1  +Sc1ccccc1
[cH:1]>>[c:1]Cl  c1ccccc1  +Clc1ccccc1
[cH:1]>>[c:1]Br  c1ccccc1  +Brc1ccccc1
[cH:1]>>[c:1]I  c1ccccc1  +Ic1ccccc1
[c:1][OX2H]>>[c:1]B  Oc1ccccc1  +Bc1ccccc1
[c:1][OX2H]>>[c:1]C  Oc1ccccc1  +Cc1ccccc1
[c:1][OX2H]>>[c:1]N  Oc1ccccc1  +Nc1ccccc1
[c:1][OX2H]>>[c:1]P  Oc1ccccc1  +Pc1ccccc1
[c:1][OX2H]>>[c:1]S  Oc1ccccc1  +Sc1ccccc1
[c:1][OX2H]>>[c:1]Cl  Oc1ccccc1  +Clc1ccccc1
[c:1][OX2H]>>[c:1]Br  Oc1ccccc1  +Brc1ccccc1
[c:1][OX2H]>>[c:1]I  Oc1ccccc1  +Ic1ccccc1
[c:1][OX2H]>>[c:1]C=CC#N  Oc1ccccc1  +N#CC=Cc1ccccc1
[c:1][OX2H:2]>>[c:1][O:2]C(=O)C  Oc1ccccc1  +CC(=O)Oc1ccccc1
[c:1][OX2H:2]>>[c:1][O:2]S(=O)(=O)C  Oc1ccccc1  +CS(=O)(=O)Oc1ccccc1
[c:1][OX2H]>>[c:1]-C-C#C  Oc1ccccc1  +C#CCc1ccccc1
[NX3;H2:1]>>[N:1](C)C  CCN  +CCN(C)C
[NX3;H1,H2:1]>>[N:1](C)C  CCNC  none
[NX3;H1,H2:1]>>[N:1](C)C  CCN  +CCN(C)C
[CH3:1]>>[C:1](F)(Cl)Br  CCO  +OCC(F)(Cl)Br
[CH3:1]>>[C:1](F)(Cl)Br  Cc1ccccc1  +FC(Cl)(Br)c1ccccc1
[NX3:1]>>[N:1]C  CN(C)CCN  +CNCCN(C)C
[NX3:1]>>[N:1]C  C[N+](C)(C)CCN  +CNCC[N+](C)(C)C
[#6:1][OX2H]>>[c:1]F  OCc1ccc(O)cc1  +OCc1ccc(F)cc1
[#6:1][OX2H]>>[C:1]F  OCc1ccc(O)cc1  -OCc1ccc(F)cc1 +Oc1ccc(CF)cc1
[#6:1][OX2H]>>[#6:1]F  OCc1ccc(O)cc1  +OCc1ccc(F)cc1 +Oc1ccc(CF)cc1
[*:1][OX2H]>>[N:1]F  CN(O)CO  +CN(F)CO -CN(O)NF
[C,N:1][OX2H]>>[N:1]F  CN(O)CO  +CN(F)CO -CN(O)NF
[C;$(CO):1][OX2H]>>[C:1]F  CCO  +CCF
[Cl,Br:1][CH3:2]>>[Cl:1][C:2]F  CBr  -FCCl
[!#6:1][CH3:2]>>[O:1][C:2]F  COC  +COCF
[#7:1]>>[N:1]C  CNc1cc[nH]c1  +CN(C)c1cc[nH]c1 -CNc1ccn(C)c1
[n;H1:1]>>[n:1]C  CNc1cc[nH]c1  -CNc1ccn(C)c1
[c,n;!H0:1]>>[c:1]C  c1cc[nH]c1  +Cc1cc[nH]c1 +Cc1ccc[nH]1
[c:1]>>[c:1]F  Cc1cc[nH]c1  +Cc1c[nH]c(F)c1 +Cc1c[nH]cc1F +Cc1cc[nH]c1F
[O:1]>>[O:1]C  O=C([O-])CO  +COCC(=O)[O-]
[#8:1][CH3]>>[#8:1]  COC  +CO
[#8:1][CH3]>>[#8:1]  C[OH+]C  -C[OH2+]
[OX2H:1]>>[O:1]C  OCC[18OH]  +COCC[18OH] -C[18O]CCO
[CH3:1]>>[C:1]F  [13CH3]CCO  -OCC[13CH2]F
[CH3:1]>>[C:1]F  [CH2]C  +[CH2]CF
[C:1][OX2H]>>[C:1]  C[18OH]  -C
[C:1][OX1]>>[C:1]  C[O-]  -C
[C:1][OX1]>>[C:1]  C[O]  -C
[C:1][#8]>>[C:1]F  CCOC  -CCF -CF
[C:1][#8]>>[C:1]F  COC(C)O  -CC(O)F -CF +COC(C)F
[C:1][#6]>>[C:1]F  Cc1ccccc1  -CF
[c:1][#7]>>[c:1]F  Nc1ccccc1  +Fc1ccccc1
[c:1][#7]>>[c:1]F  c1ccc(-n2cccc2)cc1  -Fc1ccccc1
[c:1][C;H3,H2]>>[c:1]F  CCc1ccccc1C  +CCc1ccccc1F -Cc1ccccc1F
[CX4;!H0,!H1:1][CX3](=O)[OX2H]>>[C:1]F  CCC(=O)O  +CCF
[CX4:1][CX3](=O)[OX2H]>>[C:1]  CCC(=O)O  +CC
[CX4:1][CX3](=O)[OX2H]>>[C:1](F)Cl  CCC(=O)O  +CC(F)Cl
[C:1][CX3](=O)[O:2]>>[C:1][O:2]  CCC(=O)OC  -CCOC
[C:1](Br)(Br)>>[C:1](F)Cl  CC(Br)Br  +CC(F)Cl
[C:1](Br)[C:2]Br>>[C:1](F)[C:2]Cl  CC(Br)CBr  +CC(Cl)CF +CC(F)CCl
[C:1](Br)[C:2]Br>>[C:1](F)[C:2]  CC(Br)CBr  +CC(C)F +CCCF
[C:1](Br)[C:2]Br>>[C:1][C:2]  CC(Br)CBr  +CCC
[c:1](O)[c:2]>>[c:1](F)[c:2]Cl  Oc1ccccc1  +Fc1ccccc1Cl
[cH:1]:[c:2][OX2H:3]>>[c:1](Cl):[c:2][O:3]  Oc1ccccc1  +Oc1ccccc1Cl
[cH:1][c:2][OX2H:3]>>[c:1](Cl)[c:2][O:3]C  Oc1ccccc1  +COc1ccccc1Cl
[CX4H2:1][CX4H2:2]>>[C:1](F)[C:2]F  CCCC  +CC(F)C(C)F
[CX4H2:1]-[CX4H2:2]>>[C:1](F)[C:2]F  CCCC  +CC(F)C(C)F
[CX4H2:1]-[CX4H2:2]>>[C:1](F)-[C:2]F  CCCC  +CC(F)C(C)F
[CX4H2:1]~[CX4H2:2]>>[C:1](F)~[C:2]F  CCCC  +CC(F)C(C)F
[#6:1][#6:2]>>[#6:1](F)[#6:2]  C=CC  +C=C(C)F +C=CCF
[#6:1][#6;H0:2][OX2H]>>[#6:1][#6:2]F  Oc1ccccc1  -Fc1ccccc1
[#6:1][#6;H0:2][OX2H]>>[*:1]~[#6:2]F  Oc1ccccc1  +Fc1ccccc1
[#6:1]~[#6;H0:2][OX2H]>>[*:1]~[*:2]F  Oc1ccccc1  +Fc1ccccc1
[a:1][c;H0:2][OX2H]>>[a:1][c:2]F  Oc1ccccn1  +Fc1ccccn1
[a:1][c:2][OX2H:3]>>[a:1][c:2][O:3]C  Oc1cccc2c1-c1ccccc1-2  +COc1cccc2c1-c1ccccc1-2
[a;$(an):1][c;H0:2][c:3][OX2H:4]>>[a:1][c:2][c:3][O:4]C  Oc1ccccc1-c1ccccn1  -COc1ccccc1-c1ccccn1
[#6:1][O:2][CH3]>>[*:1][O:2]  COc1ccccc1  +Oc1ccccc1
[A:1][OX2H]>>[A:1]F  CCO  +CCF
[*:1][OX2H]>>[*:1]F  C[C@H](O)CC  +CC[C@H](C)F
[*:1][OX2H]>>[*:1]F  C[N+](C)(O)C  -C[N+](C)(C)F
[*:1][OX2H]>>[*:1]F  C[13CH2]O  -C[13CH2]F
[O:1][CX4:2][OX2H]>>[*:1][C:2]F  [O-]CO  +[O-]CF
[C:1](=[O:2])[OX2H]>>[C:1](=[O:2])N  CC(=O)O  +CC(N)=O
[C:1]=[O:2]>>[C:1]-[O:2]  CC=O  +CCO
[C:1][OX2H]>>[C:1].O  CCO  -CC.O
[C:1][OX2H:2]>>[C:1].[O:2]  CCO  +CC.O
[C:1]=O>>[C:1]F  CC=O  +CCF
[C:1]#N>>[C:1]F  CC#N  +CCF
[C:1]O[CH3]>>[C:1]F  CCOC  +CCF
[C:1]OC>>[C:1]F  CCOC1CC1  -CCF -FC1CC1
[C:1](O)C>>[C:1]F  CC(C)O  +CCF
[C:1]1OC1>>[C:1]F  CC1CO1  -CCF -CF
[C:1]O[C:2]>>[C:1]F.[C:2]  CCOC  +C.CCF +CC.CF
[C:1][OX2H]>>[C:1]NC(C)=O  CCO  +CCNC(C)=O
[C:1][OX2H]>>[C:1]N1CC1  CCO  +CCN1CC1
[c:1][OX2H:2]>>[c:1][O:2]C1OCC1O  Oc1ccccc1  +OC1COC1Oc1ccccc1
[*:1]c1[cH][cH][cH][cH][cH]1>>[*:1]C1OCC1  OCc1ccccc1  +OCC1CCO1
[C:1][OX2H:2]>>[C:1][O:2]C1=CC=CC=C1  CCO  -CCOc1ccccc1
[O:1][CH2]c1[cH][cH][cH][cH][cH]1>>[O:1]  CCOCc1ccccc1  +CCO
[O:1][CH2]c1[cH][cH][c][cH][cH]1>>[O:1]  CCOCc1ccc(C)cc1  -CCO
[C:1][OX2H]>>[C:1]N(F)F  CCO  +CCN(F)F
[C:1][OX2H]>>[C:1]-N  CCO  +CCN
[C:1]-[OX2H]>>[C:1]N  CCO  +CCN
[C:1]~[OX2H]>>[C:1]N  CCO  -CCN
[C:1][OX2H]>>[C:1]~N  CCO  none
[C:1][OX2H]>>[C:1][NH2]  CCO  -CCN
[C:1][OX2H]>>[C:1][O-]  CCO  -CC[O-]
[C:1][OX2H]>>[C:1][Si]  CCO  -CC[SiH3]
[C:1][OX2H]>>[C:1]  CCO  +CC
[C][OX2H]>>F  CCO  -F
[C:1][O:2]>>[O:2][C:1]F  CCO  +CC(O)F
[C:1][O:2]>>[O:2]F  CCO  -OF
[C:1][OX2H:2]>>[C:1]([O:2]C)F  CCO  +COC(C)F
[CH2:1]>>[CH1:1]F  CCO  +CC(O)F
[CH2:1]>>[C:1]  CCO  +CCO
[CH2:1]>>[C+0:1]F  CCO  -CC(O)F
[CH2:1]>>[13C:1]F  CCO  -C[13CH](O)F
[C@H:1](F)(O)>>[C:1](F)O  C[C@@H](O)F  -CC(O)F
[C:1](Br)>>[C@:1]F  CCBr  -CCF
[#1:1][C:2]>>F[C:2]  CC  -CCF
[C:1][H]>>[C:1]F  CC  -CCF
[cH:1]>>F[c:1]  Cc1ccccc1  +Cc1ccc(F)cc1 +Cc1cccc(F)c1 +Cc1ccccc1F
[OX2H:1]>>C[O:1]  CCO  +CCOC
[c:1][OX2H]>>F[c:1]  Oc1ccccc1  +Fc1ccccc1
[C:1](Br)[C:2]Br>>Cl[C:2][C:1]F  CC(Br)CBr  +CC(Cl)CF +CC(F)CCl
[C:1](Br)[C:2]Br>>Cl[C:2][C:1](F)I  CC(Br)CBr  +CC(Cl)C(F)I +CC(F)(I)CCl
[C:1](Br)[C:2]>>Cl[C:2][C:1]  CCBr  +CCCl
[C:1][OX2H]>>[C:1]N(C)(C)C  CCO  none
[c:1][OX2H]>>[c:1]F(C)  Oc1ccccc1  none
[Pt:1]Cl>>[Pt:1]Br  [CH3][Pt@SP3]([NH2])([F])[Cl]  -[CH3][Pt@SP]([NH2])([F])[Br]
[S:1](F)>>[S:1]Cl  CS(F)(F)(F)(F)F  +CS(F)(F)(F)(F)Cl
[As:1]O>>[As:1]F  CC[As@@](C)(=O)O  +CC[As@@](C)(=O)F
[C:1]O[CH3]>>[C:1]OF  CCOC  +CCOF
[CX4:1][OX2H:2]>>[C:1][O:2]S(=O)(=O)c1ccccc1  CCO  -CCOS(=O)(=O)c1ccccc1
[C:1]NC(C)=O>>[C:1]N=C=O  CCNC(C)=O  +CCN=C=O
[C:1]NC(C)=O>>[C:1]  CCNC(C)=O  +CC
[C:1]N(C)C>>[C:1]F  CCN(C)C  +CCF -CF
[C:1]C(F)(F)F>>[C:1]C(=O)O  CCC(F)(F)F  +CCC(=O)O
[c:1][OX2H:2]>>C[O:2][c:1]  Oc1ccccc1  +COc1ccccc1
[C:1]1[O:2][C:3]1>>[C:1][C:3][O:2]  C1CO1  -CCO
[C:1][C:2][OX2H:3]>>[C:1]1[C:2][O:3]1  CCO  -C1CO1
[C:1]([C:2]Br)I>>[C:1](F)[C:2]Cl  CC(I)CBr  +CC(F)CCl
[C:1][OX2H]>>[c:1]F  CCO  none
[c:1][OX2H]>>[C:1]F  Oc1ccccc1  -Fc1ccccc1
[C:1][OX2H]>>[#6:1]F  CCO  +CCF
[#6:1][OX2H]>>[c:1]  Oc1ccccc1  +c1ccccc1
[#8:1][CH3]>>[S:1]  COC  -CS
[Cl:1][CH3:2]>>[C:1][C:2]F  CCl  -CCF
[Cl:1][CH3:2]>>[Cl:1][C:2]F  CCl  +FCCl
[Br,Cl:1][CH3:2]>>[Cl:1][C:2]F  CCl  +FCCl
[#17:1][CH3:2]>>[Cl:1][C:2]F  CCl  +FCCl
[n:1][CH3]>>[#7:1]CC  Cn1cccc1  -CCn1cccc1
[nX3:1][CH3]>>[N:1]F  Cn1cccc1  -Fn1cccc1
[C:1](=[O:2])[OX2H]>>[C:1](-[O:2])F  CC(=O)O  +CC(O)F
[C:1](=[O:2])[OX2H]>>[C:1]=[O:2]  CC(=O)O  +CC=O
[C:1]([OX2H])([OX2H])>>[C:1]  CC(O)O  +CC
[C:1]([OX2H])([OX2H])>>[C:1]F  CC(O)O  +CCF
[C:1]([OX2H])([OX2H])>>[C:1](F)(Cl)Br  CC(O)O  +CC(F)(Cl)Br
[C:1]OO>>[C:1]SS  CCOO  +CCSS
[C:1](OC)OC>>[C:1](N)S  COC(C)OC  +CC(N)S
[C:1]C#C>>[C:1]C#N  C#CCC  +CCC#N
[C:1]C=C>>[C:1]F  C=CCC  +CCF
[C:1]C1CC1>>[C:1]F  CCC1CC1  +CCF
[CX4:1][OX2H]>>[C:1]F  C[C@H](N)O  +C[C@H](N)F
[CX4:1][OX2H]>>[C:1]  CC[C@H](C)O  -CCCC
[CX4;!H0:1]>>[C:1]F  C[C@H](N)O  +C[C@](N)(O)F +N[C@H](O)CF
[CX4:1][OX2H]>>[C:1](F)Cl  CC[C@H](C)O  -CCC(C)(F)Cl
[CX4:1]([OX2H])[NX3H2]>>[C:1](F)Cl  CC[C@](C)(N)O  -CCC(C)(F)Cl
[CX4:1]([OX2H])[NX3H2]>>[C:1]F  CC[C@](C)(N)O  -CCC(C)F
[C:1]Br>>[C:1]F  C/C=C/Br  +C/C=C/F
[C:1]Br>>[C:1]F  C/C=C(/C)Br  +C/C=C(/C)F
[C;!H0:1]Br>>[C:1](F)Cl  C/C=C/Br  -CC=C(F)Cl
[C:1][CX3](=O)[OX2H]>>[C:1]F  C/C=C/C(=O)O  +C/C=C/F
[C:1][C:2]=[C:3]>>[C:1](F)[C:2]=[C:3]  C/C=C/C  +C/C=C/CF
[C:1][CX3;H1]=[CX3;H1][CH3]>>[C:1]F  C/C=C/CO  -OCF
[O:1][C:2]=N[OX2H]>>[O:1][C:2]  CO/C(C)=N/O  -CCOC
[C:1]=N[OX2H]>>[C:1]=NF  CC/C(C)=N\O  -CCC(C)=NF
[c:1]O>>[c:1]F  C[C@H](O)c1ccccc1O  +C[C@H](O)c1ccccc1F
[OX2H:1]>>[O:1]C  CC[C@H](C)O  +CC[C@H](C)OC
[NX3;H1:1]>>[N:1]Cl  C[C@H]1CN1  +C[C@H]1CN1Cl
[PX3;H1:1]>>[P:1]Cl  CC[P@H]c1ccccc1  +CC[P@@](Cl)c1ccccc1
[S:1][CH3]>>[S:1]F  CC[S@](C)=O  +CC[S@@](=O)F
[C:1]C(=O)O>>[C:1]  O=C(O)C1CC1  +C1CC1
[C:1]C(=O)O>>[C:1]  C[C@@H](C(=O)O)C1CC1  -CCC1CC1
[c:1]C>>[c:1]  Cc1ccccc1  +c1ccccc1
[n:1]C>>[n:1]  Cn1cccc1  none
[N:1]C>>[N:1]  CN1CCCC1  +C1CCNC1 -CCCNC
[N:1][CH3]>>[N:1]  CN(C)C  +CNC
[C:1]C#N>>[C:1]C(=O)O  CCC#N  +CCC(=O)O
[B:1][OX2H]>>[B:1]F  CB(O)O  +CB(O)F
[Si:1][CH3]>>[Si:1]F  C[SiH2]C  +C[SiH2]F
[P:1][OX2H]>>[P:1]Cl  CP(=O)(O)O  +CP(=O)(O)Cl
[CH3:1]>>[C:1](=O)O  CCO  +O=C(O)CO
[CH3:1]>>[C:1]#N  CC=C  +C=CC#N
[CX4H2:1]>>[C:1]=O  C1CCCCC1  +O=C1CCCCC1
[CX4H2:1]>>[C:1]=O  C1=CC=CC=CC1  -O=c1cccccc1
[CX4H2:1]>>[C:1]=O  C/C=C/CO  -C/C=C/C(=O)O
[CX4H2:1]>>[C:1]=O  C[C@H](O)CC  +CC(=O)[C@H](C)O
[CX4;!H0:1][OX2H:2]>>[C:1]=[O:2]  C[C@H](O)CC  +CCC(C)=O
[CX4;!H0:1]-[OH1:2]>>[CH0:1]=[OH0:2]  C[C@H](O)CC  +CCC(C)=O
[CX4;!H0:1]-[OH1:2]>>[CH0:1]=[OH0:2]  CCO  -C[C]=O
[CX4;!H0:1]-[OX2H:2]>>[C:1]=[O:2]  OC1C=CC=C1  -O=C1C=CC=C1
[CX4;!H0:1]-[CX4;!H0:2]>>[C:1]=[C:2]  CCC=CC  +C=CC=CC
[C:1]=[C:2]>>[C:1]-[C:2]  C/C=C/C  -CCCC
[C:1]=[C:2]>>[C:1]-[C:2]  C[C@H](O)C=C  +CC[C@H](C)O
[C:1]=[N:2]>>[C:1]-[N:2]  CC=NC  +CCNC
[S;X2:1]>>[S:1]=O  CSC  +CS(C)=O
[S;X3:1](=[O:2])>>[S:1](=[O:2])=O  CS(C)=O  +CS(C)(=O)=O
[S;X3:1]=O>>[S:1]  CC[S@](C)=O  -CCSC
[S;X3:1]=O>>[S:1]  CS(C)=O  +CSC
[C:1](=O)[OX2H]>>[C:1](=O)N  CC(=O)O  +CC(N)=O
[C:1]O[C:2]>>([C:1].[C:2])  CCOC  +C.CC
[C:1][O:2][C:3]>>([C:1][O:2].[C:3])  CCOC  +C.CCO +CC.CO
[C:1][O:2][C:3]>>([C:1][O:2].[C:3])  C1CCCO1  -CCCCO
[C:1][O:2][C:3]>>([C:1][O:2].[C:3])  C[C@H](CC)OC  +C.CC[C@@H](C)O -CCCC.CO
[PX3:1]>>[P:1](F)F  CPC  -C[PH](C)(F)F
[S:1]>>[S:1]F  CSC  -C[SH](C)F
"""
ROWS = [tuple(line.split("  ")) for line in TABLE.strip().splitlines()]


@pytest.mark.parametrize(("smirks", "parent", "expected"), ROWS)
def test_products_are_made_the_way_that_is_safe(smirks: str, parent: str, expected: str) -> None:
    transform = Transform("t", smirks)
    (products, rejects), (slow, refused) = (
        Kernel([transform], use_edits=use).products(parent) for use in (True, False)
    )
    assert " ".join(sorted(f"{'-+'[product.edited]}{product.smiles}" for product in products)) == (
        " ".join(sorted(expected.split())) if expected != "none" else ""
    )
    rows = [[(product.smiles, product.site, product.n_routes) for product in found] for found in (products, slow)]
    assert rows[0] == rows[1]
    assert [(site, str(error)) for site, error in rejects] == [(site, str(error)) for site, error in refused]
    assert not any(product.edited for product in slow)
