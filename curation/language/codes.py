"""One set of language codes for models that name languages differently: ISO 639-1 where it has one, else 639-3."""

from __future__ import annotations

import functools
import re

UNDETERMINED = "und"

_LABEL = re.compile(r"([A-Za-z]{2,3})(?:[_-]([A-Za-z0-9_-]{1,32}))?")

# ISO 639-1 code and its ISO 639-3 codes: the language's own, then individual languages of a macrolanguage that models
# name instead of it, then names that ISO has withdrawn.
_ISO_639 = """
aa:aar ab:abk ae:ave af:afr ak:aka,twi,tw,fat am:amh an:arg ar:ara,arb as:asm av:ava ay:aym,ayr az:aze,azj,azb
ba:bak be:bel bg:bul bi:bis bm:bam bn:ben bo:bod br:bre bs:bos ca:cat ce:che ch:cha co:cos cr:cre cs:ces cu:chu
cv:chv cy:cym da:dan de:deu dv:div dz:dzo ee:ewe el:ell en:eng eo:epo es:spa et:est,ekk eu:eus fa:fas,pes,prs
ff:ful,fuv fi:fin fj:fij fo:fao fr:fra fy:fry ga:gle gd:gla gl:glg gn:grn,gug gu:guj gv:glv ha:hau he:heb,iw hi:hin
ho:hmo hr:hrv ht:hat hu:hun hy:hye hz:her ia:ina id:ind,in ie:ile ig:ibo ii:iii ik:ipk io:ido is:isl it:ita
iu:iku,ike ja:jpn jv:jav,jw ka:kat kg:kon ki:kik kj:kua kk:kaz kl:kal km:khm kn:kan ko:kor kr:kau,knc ks:kas
ku:kur,kmr kv:kom,kpv kw:cor ky:kir la:lat lb:ltz lg:lug li:lim ln:lin lo:lao lt:lit lu:lub lv:lav,lvs mg:mlg,plt
mh:mah mi:mri mk:mkd ml:mal mn:mon,khk mr:mar ms:msa,zsm mt:mlt my:mya na:nau nb:nob nd:nde ne:nep,npi ng:ndo
nl:nld nn:nno no:nor nr:nbl nv:nav ny:nya oc:oci oj:oji om:orm,gaz or:ori,ory os:oss pa:pan pi:pli pl:pol
ps:pus,pbt pt:por qu:que,quy rm:roh rn:run ro:ron,mo,mol ru:rus rw:kin sa:san sc:srd sd:snd se:sme sg:sag sh:hbs
si:sin sk:slk sl:slv sm:smo sn:sna so:som sq:sqi,als sr:srp ss:ssw st:sot su:sun sv:swe sw:swa,swh ta:tam te:tel
tg:tgk th:tha ti:tir tk:tuk tl:tgl,fil tn:tsn to:ton tr:tur ts:tso tt:tat ty:tah ug:uig uk:ukr ur:urd uz:uzb,uzn
ve:ven vi:vie vo:vol wa:wln wo:wol xh:xho yi:yid,ydd,ji yo:yor za:zha zh:zho,cmn zu:zul
"""


def iso_code(label: str) -> str:
    """The ISO 639-1 code for a model's label such as `eng`, `eng_Latn` or `en`; labels without one stay 639-3.

    Individual languages are named by their macrolanguage where 639-1 has only that (`cmn` is `zh`, `arb` is `ar`).
    `als` is Tosk Albanian (`sq`) as ISO and OpenLID have it, but Alemannic (`gsw`) as lid.176 has it: after Wikipedia,
    and without a script.
    """
    return code_and_script(label)[0]


def code_and_script(label: str) -> tuple[str, str | None]:
    """The code for a model's label, and the ISO 15924 script that it names, such as `Latn`.

    A label that is no language (`zxx_Latn`, `und_Cyrl`, GlotLID's noise; `other`) is `und`.
    """
    match = _LABEL.fullmatch(label)
    if match is None:
        return UNDETERMINED, None
    base, rest = match[1].lower(), match[2] or ""
    script = next((part.title() for part in re.split("[_-]", rest) if len(part) == 4 and part.isalpha()), None)
    if base in ("zxx", "mis", "mul", "und"):
        return UNDETERMINED, script
    if base == "als" and script is None:
        return "gsw", None
    return _iso_639_1().get(base, base), script


def known_codes() -> frozenset[str]:
    """The codes of ISO 639-1."""
    return frozenset(_iso_639_1().values())


@functools.cache
def _iso_639_1() -> dict[str, str]:
    pairs = (entry.split(":") for entry in _ISO_639.split())
    return {three: two for two, threes in pairs for three in threes.split(",")}
